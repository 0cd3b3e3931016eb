import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { EmbeddedServiceError, isSystemError } from "./embedded-service-error";
import type { PostgresBinaries } from "./postgres-binaries";
import { type PostgresFolder, rememberFolder } from "./postgres-folder";
import { lastWords, runCommand } from "./run-command";
import { writePrivateFile } from "./service-state";

/** Name of the superuser of every embedded database. */
export const SUPERUSER = "ntro";

/** The first major version whose `C.UTF-8` is built in, and so is the same on every machine. */
const BUILTIN_LOCALE_SINCE = 17;

/**
 * Makes sure that the data folder holds a database that these programs can open, and returns the superuser's
 * password. A new database is made beside and renamed, so a start that is killed leaves nothing half made. A folder
 * that cannot be opened is refused and left as it is.
 */
export async function prepareData(place: PostgresFolder, binaries: PostgresBinaries): Promise<string> {
  const passwordFile = join(place.own, "password");
  if (isAbsentOrEmpty(place.data)) {
    const password = readPassword(passwordFile) ?? randomBytes(24).toString("hex");
    writePrivateFile(passwordFile, `${password}\n`);
    await initialise(place, binaries, password);
    rememberFolder(place);
    return password;
  }
  assertReadableBy(binaries, place.data);
  const password = readPassword(passwordFile);
  if (password !== undefined) {
    rememberFolder(place); // a first start may have been killed in between
    return password;
  }
  throw new EmbeddedServiceError(
    "DATA_FOLDER_CORRUPT",
    `The password of the database in ${place.data} is missing (${passwordFile})`,
    `Restore that file from a backup of this home. ${startEmpty(place.data)}`,
  );
}

/** Refuses a folder that is no database or is of another major version than the programs. Touches nothing. */
function assertReadableBy(binaries: PostgresBinaries, data: string): void {
  const version = readIfThere(join(data, "PG_VERSION"))?.trim();
  if (version === undefined || !/^\d+$/.test(version) || !existsSync(join(data, "global", "pg_control"))) {
    throw new EmbeddedServiceError(
      "DATA_FOLDER_CORRUPT",
      `${data} is not a PostgreSQL data folder: it is not empty, but PG_VERSION or global/pg_control is missing`,
      `Restore the folder from a backup. ${startEmpty(data)}`,
    );
  }
  if (Number(version) === binaries.major) return;
  const newer = Number(version) > binaries.major;
  throw new EmbeddedServiceError(
    newer ? "DATA_FOLDER_NEWER" : "DATA_FOLDER_OLDER",
    `${data} was made by PostgreSQL ${version}, but this is PostgreSQL ${binaries.major} (${binaries.folder})`,
    `Set NTRO_PG_BIN to the bin folder of PostgreSQL ${version}, or ` +
      (newer ? "use the newer ntro that made it" : "move the data with that version's pg_dumpall") +
      `. ${startEmpty(data)}`,
  );
}

/** The way out that keeps the data: put the folder aside. */
export function startEmpty(data: string): string {
  return `To put it aside and start empty: mv ${data} ${data}.aside`;
}

/** Prefix of the folders in which databases are made. */
const DRAFT = "init-";

async function initialise(place: PostgresFolder, binaries: PostgresBinaries, password: string): Promise<void> {
  removeOldDrafts(place.root);
  // A name of its own each time: an initdb whose parent was killed goes on and must not write into our draft.
  const draft = join(place.root, `${DRAFT}${randomBytes(6).toString("hex")}`);
  const data = join(draft, "data");
  const passwordFile = join(draft, "password");
  mkdirSync(data, { recursive: true });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  chmodSync(data, 0o700);
  chmodSync(draft, place.user ? 0o711 : 0o700);
  if (place.user) for (const path of [data, passwordFile]) chownSync(path, place.user.uid, place.user.gid);
  try {
    await runInitdb(place, binaries, data, passwordFile);
    renameSync(data, place.data);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

async function runInitdb(place: PostgresFolder, binaries: PostgresBinaries, data: string, passwordFile: string) {
  const result = await runCommand(
    join(binaries.folder, "initdb"),
    [
      ...["-D", data, "-U", SUPERUSER, "--pwfile", passwordFile, "--auth=scram-sha-256"],
      ...["--data-checksums", "--encoding=UTF8", ...localeOf(binaries)],
    ],
    { user: place.user, env: binaries.env, timeoutMs: 300_000 },
  );
  if (result.code === 0) return;
  throw new EmbeddedServiceError(
    "START_FAILED",
    `initdb could not make a database in ${place.root}:\n${lastWords(result)}`,
    result.stderr.includes("could not look up effective user ID")
      ? "The user ntro runs as has no entry in the user database (/etc/passwd): add one, or set DATABASE_URL."
      : "Correct what it names and start again, or set DATABASE_URL to use a server of your own.",
  );
}

function removeOldDrafts(root: string): void {
  for (const name of readdirSync(root).filter((entry) => entry.startsWith(DRAFT))) {
    try {
      rmSync(join(root, name), { recursive: true, force: true });
    } catch {
      // Its initdb is still writing: it is no harm, and the next first start removes it.
    }
  }
}

/** Sorting must not depend on the machine's locale, or a folder moved elsewhere has broken indexes. */
function localeOf(binaries: PostgresBinaries): string[] {
  if (binaries.major < BUILTIN_LOCALE_SINCE) return ["--no-locale"];
  return ["--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];
}

function isAbsentOrEmpty(folder: string): boolean {
  try {
    return readdirSync(folder).length === 0;
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return true;
    throw error;
  }
}

function readPassword(file: string): string | undefined {
  return readIfThere(file)?.trim() || undefined;
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return undefined;
    throw error;
  }
}
