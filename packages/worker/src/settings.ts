import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import * as z from "zod";

const Environment = z.object({
  NTRO_HOST: z.url(),
  /** A 0600 file; a key in the environment would be seen by everything that is started from here. */
  NTRO_API_KEY_FILE: z.string().optional(),
  NTRO_API_KEY: z.string().optional(),
  NTRO_HOME: z.string().optional(),
  NTRO_PYTHON_HOME: z.string().optional(),
});

/** What the supervisor knows of its surroundings. */
export interface WorkerSettings {
  readonly server: string;
  readonly key: string;
  /** Revisions are installed below `workflows`, files of tasks below `storage`. */
  readonly workflows: string;
  readonly storage: string;
  /** Environments of Python bundles are made below it. */
  readonly pythonHome: string;
}

/** @throws Error that names the variable which is missing or wrong */
export function workerSettings(environment: NodeJS.ProcessEnv): WorkerSettings {
  const parsed = Environment.safeParse(environment);
  if (!parsed.success) throw new Error(`The worker's environment is not valid. ${z.prettifyError(parsed.error)}`);
  const { NTRO_HOST, NTRO_API_KEY_FILE, NTRO_API_KEY, NTRO_HOME = join(homedir(), ".ntro") } = parsed.data;
  const key = NTRO_API_KEY_FILE === undefined ? NTRO_API_KEY : readFileSync(NTRO_API_KEY_FILE, "utf8").trim();
  if (!key) throw new Error("The worker needs a key of role worker: NTRO_API_KEY_FILE (or NTRO_API_KEY).");
  return {
    server: NTRO_HOST,
    key,
    workflows: join(NTRO_HOME, "workflows"),
    storage: join(NTRO_HOME, "storage"),
    pythonHome: parsed.data.NTRO_PYTHON_HOME ?? join(NTRO_HOME, "python"),
  };
}
