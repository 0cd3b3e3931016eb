import { statSync } from "node:fs";
import { basename, resolve } from "node:path";
import { UsageError } from "../usage-error";

/** What `--path` means: a folder to read, or a version that the server already holds. */
export type Source =
  | { readonly kind: "folder"; readonly folder: string; readonly typed: string }
  | { readonly kind: "held"; readonly slug: string; readonly version: string };

const HELD = /^([a-z0-9][a-z0-9-]*)@(\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?)$/;

/**
 * Reads `--path`. A folder that exists is taken as it is; `…/<slug>@<version>` without such a folder is that version on the server, so a
 * rollback needs no old source. Throws {@link UsageError} for addresses.
 */
export function readSource(path: string, cwd: string): Source {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(path)?.[1];
  if (scheme !== undefined && scheme !== "file")
    throw new UsageError(
      `--path takes a folder, not the address ${path}.`,
      "Fetch the bundle first, then give its folder.",
    );
  const local = scheme === "file" ? decodeURIComponent(new URL(path).pathname) : path;
  const folder = resolve(cwd, local);
  if (statSync(folder, { throwIfNoEntry: false })) return { kind: "folder", folder, typed: local };
  const [, slug, version] = HELD.exec(basename(folder)) ?? [];
  return slug && version ? { kind: "held", slug, version } : { kind: "folder", folder, typed: local };
}
