import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { EmbeddedServiceError } from "../embedded/embedded-service-error";
import { parseJson, writePrivateFile } from "../embedded/service-state";

/** Raised whenever an older ntro could no longer work with what this one writes into the home. */
const DATA_FORMAT = 1;

const VersionFile = z.object({ format: z.int().positive(), version: z.string() });

/**
 * Makes sure that this ntro can work with the home's data, and notes down which one did. Throws DATA_FOLDER_NEWER when a newer one wrote it,
 * DATA_FOLDER_CORRUPT when the note cannot be read.
 */
export function claimDataFormat(home: string, version: string): void {
  const file = join(home, "version.json");
  if (existsSync(file)) {
    const found = VersionFile.safeParse(parseJson(readFileSync(file, "utf8")));
    if (!found.success)
      throw new EmbeddedServiceError(
        "DATA_FOLDER_CORRUPT",
        `${file} cannot be understood`,
        `If ${home} is the data folder of ntro ${version}, delete that file and start again.`,
      );
    if (found.data.format > DATA_FORMAT)
      throw new EmbeddedServiceError(
        "DATA_FOLDER_NEWER",
        `${home} was written by ntro ${found.data.version}, which is newer than this one (${version})`,
        `Install ntro ${found.data.version} or newer, or use another folder: NTRO_HOME=<folder> ntro up`,
      );
    if (found.data.format === DATA_FORMAT && found.data.version === version) return;
  } else if (isForeign(home))
    throw new EmbeddedServiceError(
      "DATA_FOLDER_CORRUPT",
      `${home} holds a database but no version.json`,
      "Bring version.json back from a backup, or use another folder: NTRO_HOME=<folder> ntro up",
    );
  writePrivateFile(file, `${JSON.stringify({ format: DATA_FORMAT, version })}\n`);
}

/** Whether data lies in the home though its version was never noted down, which happens before anything is made. */
function isForeign(home: string): boolean {
  const data = join(home, "postgres", "data");
  return existsSync(data) && readdirSync(data).length > 0;
}
