import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { EmbeddedServiceError } from "./embedded-service-error";
import { canEnter, findServiceUser, firstClosedFolder, type ServiceUser } from "./postgres-user";
import { writePrivateFile } from "./service-state";

/** Where the database of a home lives and who runs it. */
export interface PostgresFolder {
  /** The folder in the home that holds the password and, normally, the data: `<home>/postgres`. */
  own: string;
  /** The folder that holds the data folder and our copies of program files; the service user can enter it. */
  root: string;
  /** PostgreSQL's data folder; may not exist yet. */
  data: string;
  /** Undefined: the server runs as the user we are. */
  user: ServiceUser | undefined;
}

/** Where data goes when the service user cannot enter the home, as with a home under /root. */
const SYSTEM_FOLDER = "/var/lib/ntro";

const POINTER = "data-folder";

/**
 * Finds the database of a home, or decides where a new one goes: in the home, or, when we are root and the service
 * user cannot get there, in a folder of the system that is written down in the home for ever after.
 */
export async function locatePostgres(
  home: string,
  log: (line: string) => void,
  systemFolder = SYSTEM_FOLDER,
): Promise<PostgresFolder> {
  const own = join(home, "postgres");
  const inHome = join(own, "data");
  const moved = readPointer(own);
  const existing = existsSync(inHome) ? inHome : moved;
  const user = await findServiceUser(existing);
  mkdirSync(own, { recursive: true, mode: user ? 0o711 : 0o700 });
  if (existing !== undefined) {
    if (!user) assertOwned(existing);
    else if (existing !== inHome || !(await openHome(home, own, user, log))) await assertReachable(existing, user);
    return { own, root: dirname(existing), data: existing, user };
  }
  if (user === undefined || (await openHome(home, own, user, log))) return { own, root: own, data: inHome, user };
  const root = join(systemFolder, createHash("sha256").update(home).digest("hex").slice(0, 16));
  mkdirSync(root, { recursive: true, mode: 0o755 });
  await assertReachable(root, user);
  log(`User ${user.name}, who runs PostgreSQL, cannot enter ${home}: the database goes to ${root}`);
  return { own, root, data: join(root, "data"), user };
}

/** Writes down in the home where its data is, when that is not in the home itself. Called once there is data. */
export function rememberFolder({ own, data }: PostgresFolder): void {
  const file = join(own, POINTER);
  if (dirname(data) !== own && !existsSync(file)) writePrivateFile(file, `${data}\n`);
}

function readPointer(own: string): string | undefined {
  const file = join(own, POINTER);
  if (!existsSync(file)) return undefined;
  const data = readFileSync(file, "utf8").trim();
  if (existsSync(data)) return data;
  throw new EmbeddedServiceError(
    "DATA_FOLDER_UNREACHABLE",
    `The database of this home was put into ${data}, which is not there any more`,
    `Bring that folder back (is it on a volume that is not mounted?). To start empty instead: rm -r ${own}`,
  );
}

/** Lets the service user pass through the home where only the home itself, which is ours, keeps it out. */
async function openHome(home: string, own: string, user: ServiceUser, log: (line: string) => void): Promise<boolean> {
  if (await canEnter(user, own)) return true;
  const status = statSync(home);
  if (status.uid !== 0 || !(await canEnter(user, dirname(home)))) return false;
  // Passing is all that is allowed by this; the folder cannot be listed, and what is secret in it has mode 0600.
  chmodSync(home, status.mode | 0o011);
  chmodSync(own, 0o711);
  log(`Opened ${home} for user ${user.name}, who runs PostgreSQL, to pass through (chmod 711)`);
  return canEnter(user, own);
}

async function assertReachable(folder: string, user: ServiceUser): Promise<void> {
  if (await canEnter(user, dirname(folder))) return;
  const closed = await firstClosedFolder(user, dirname(folder));
  throw new EmbeddedServiceError(
    "DATA_FOLDER_UNREACHABLE",
    `User ${user.name}, who runs PostgreSQL because it refuses root, cannot enter ${closed}`,
    `Let it pass (chmod o+x ${closed}), or run ntro as the user who owns ${folder}`,
  );
}

function assertOwned(data: string): void {
  const owner = statSync(data, { throwIfNoEntry: false })?.uid;
  if (owner === undefined || owner === process.getuid?.()) return;
  throw new EmbeddedServiceError(
    "DATA_FOLDER_UNREACHABLE",
    `${data} belongs to another user (uid ${owner})`,
    "Run ntro as that user or as root, or use another folder: NTRO_HOME=<folder> ntro up",
  );
}
