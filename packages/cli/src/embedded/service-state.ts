import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { isSystemError } from "./embedded-service-error";

const serviceStateSchema = z.object({
  format: z.literal(1),
  service: z.string(),
  /** Null while the service does not run. */
  process: z.object({ pid: z.int().positive(), startMark: z.string() }).nullable(),
  /** Kept while the service does not run, so that it comes back on the same port. */
  port: z.int().min(1).max(65535),
});

/** What is remembered of an embedded service between two starts: which process it was and on which port. */
export type ServiceState = z.infer<typeof serviceStateSchema>;

/** Path of a service's state file under the home. */
export function serviceStateFile(home: string, service: string): string {
  return join(home, "run", `${service}.json`);
}

/**
 * Reads the state of a service; undefined when there is none. A file that is cut short or of another format counts as
 * none: whoever reads it has to make sure by other means that no earlier process is left.
 */
export function readServiceState(home: string, service: string): ServiceState | undefined {
  let text: string;
  try {
    text = readFileSync(serviceStateFile(home, service), "utf8");
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return undefined;
    throw error;
  }
  const state = serviceStateSchema.safeParse(parseJson(text));
  return state.success && state.data.service === service ? state.data : undefined;
}

/** Writes the state of a service so that a reader sees the old file or the new one, never half of one. Mode 0600. */
export function writeServiceState(home: string, state: Omit<ServiceState, "format">): void {
  const complete: ServiceState = { format: 1, ...state };
  writePrivateFile(serviceStateFile(home, state.service), `${JSON.stringify(complete)}\n`);
}

/** Writes a file of mode 0600 in one step (beside it, then renamed) and makes its folder when absent. */
export function writePrivateFile(file: string, text: string): void {
  mkdirSync(join(file, ".."), { recursive: true, mode: 0o700 });
  const beside = `${file}.${process.pid}.new`;
  writeFileSync(beside, text, { mode: 0o600, flush: true });
  renameSync(beside, file);
}

/** The value of a JSON text, undefined when it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
