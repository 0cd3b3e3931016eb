import { statSync } from "node:fs";
import { dirname } from "node:path";
import { EmbeddedServiceError } from "./embedded-service-error";
import { runCommand } from "./run-command";

/** The user PostgreSQL runs as when we are root, whom it refuses. */
export interface ServiceUser {
  name: string;
  uid: number;
  gid: number;
}

/** Tried in turn; `_postgres` is the name on macOS. All of them exist or not: we never create users. */
const CANDIDATES = ["postgres", "_postgres", "nobody"];

/**
 * The unprivileged user to run PostgreSQL as: the owner of the data folder when there is one already, else the first
 * that exists of postgres and nobody. Undefined when we are not root, and PostgreSQL simply runs as we do.
 */
export async function findServiceUser(dataFolder: string | undefined): Promise<ServiceUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const owner = dataFolder === undefined ? undefined : statSync(dataFolder, { throwIfNoEntry: false })?.uid;
  const names = owner === undefined || owner === 0 ? CANDIDATES : [String(owner)];
  for (const name of names) {
    const user = await lookUp(name);
    if (user) return user;
  }
  throw new EmbeddedServiceError(
    "START_FAILED",
    owner ? `${dataFolder} belongs to user ${owner}, who is not in the user database` : "no user to run PostgreSQL as",
    "PostgreSQL does not run as root. Add a user (`useradd --system postgres`), run ntro as an ordinary user, " +
      "or set DATABASE_URL to use a server of your own.",
  );
}

async function lookUp(nameOrUid: string): Promise<ServiceUser | undefined> {
  const [uid, gid, name] = await Promise.all(
    ["-u", "-g", "-un"].map(async (flag) => {
      const result = await runCommand("id", [flag, nameOrUid]);
      return result.code === 0 ? result.stdout.trim() : undefined;
    }),
  );
  return uid && gid && name ? { uid: Number(uid), gid: Number(gid), name } : undefined;
}

/** True when the user (undefined: we ourselves) may enter the folder, that is every folder above it as well. */
export async function canEnter(user: ServiceUser | undefined, folder: string): Promise<boolean> {
  const result = await runCommand("/bin/sh", ["-c", 'cd "$1"', "sh", folder], { user });
  return result.code === 0;
}

/** The topmost folder on the way to this one that the user may not enter; the folder itself when all can be. */
export async function firstClosedFolder(user: ServiceUser | undefined, folder: string): Promise<string> {
  const parent = dirname(folder);
  if (parent === folder || (await canEnter(user, parent))) return folder;
  return firstClosedFolder(user, parent);
}
