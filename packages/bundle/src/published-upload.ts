import { OLDER_RUNBOOK_FILE, RUNBOOK_FILE } from "./paths";

type UploadedFiles = Readonly<Record<string, string>>;

/**
 * The files of an upload with a runbook.md. Published clients never send theirs: a Python bundle that comes without one gets what the request says of it, so that
 * the archive is whole. Every other upload stays as it is.
 * @param slug of the request's path
 * @param version of the request's body
 */
export function withRunbookFile(files: UploadedFiles, slug: string, version: string): UploadedFiles {
  const isComplete = Object.hasOwn(files, RUNBOOK_FILE) || Object.hasOwn(files, OLDER_RUNBOOK_FILE);
  if (isComplete || !Object.hasOwn(files, "templates/workflow.py")) return files;
  const name = slug
    .split("-")
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join(" ");
  // A JSON string is a YAML string, whatever is in it.
  const fields = Object.entries({ slug, name, version }).map(([field, value]) => `${field}: ${JSON.stringify(value)}`);
  return { ...files, [RUNBOOK_FILE]: ["---", ...fields, "---", "", `# ${name}`, ""].join("\n") };
}
