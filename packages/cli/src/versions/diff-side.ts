import { statSync } from "node:fs";
import { resolve } from "node:path";
import type { NtroClient } from "@ntro/contract";
import { readFolder } from "../deploy/read-folder";
import { UsageError } from "../usage-error";
import { namedRevision, revisionText } from "./named-revision";

/** One side of a comparison. */
export interface DiffSide {
  /** Version and digest, or the folder as it was typed. */
  readonly label: string;
  readonly files: ReadonlyMap<string, string>;
  /** A note where what was typed could mean more than one content. */
  readonly note: string | undefined;
}

/** What both sides are looked up with. */
export interface DiffScope {
  readonly api: NtroClient;
  readonly slug: string;
  readonly tenant: string;
  /** Where relative paths start. */
  readonly cwd: string;
}

/** Reads what somebody typed: a folder where it looks like a path, else a version that the server holds. */
export async function readSide(scope: DiffScope, typed: string): Promise<DiffSide> {
  if (/[/\\]|^\.\.?$/.test(typed)) return folderSide(scope, typed);
  const { api, slug, tenant } = scope;
  const versions = await api.call("runbooks.versions", { params: { slug }, query: { tenant } });
  const found = namedRevision(slug, typed, versions);
  const { files } = await api.call("runbooks.files", { params: { slug, digest: found.digest }, query: { tenant } });
  const contents = versions.filter(({ version }) => version === typed).length;
  const note =
    contents > 1
      ? `${typed} was uploaded with ${contents} contents; ${revisionText(found)} is the one that a pin means.`
      : undefined;
  return { label: revisionText(found), files: new Map(Object.entries(files)), note };
}

async function folderSide({ slug, cwd }: DiffScope, typed: string): Promise<DiffSide> {
  const folder = resolve(cwd, typed);
  if (!statSync(folder, { throwIfNoEntry: false }))
    throw new UsageError(`There is no folder ${typed}.`, "Give a folder, or a version such as 0.1.0 or 0.1.0+ab12cd.");
  const { manifest, files } = await readFolder(folder);
  if (manifest.slug === slug) return { label: typed, files, note: undefined };
  throw new UsageError(`${typed} holds ${manifest.slug}, not ${slug}.`, `Compare it with ${manifest.slug}.`);
}
