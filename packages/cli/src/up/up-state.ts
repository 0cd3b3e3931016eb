import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { isSystemError } from "../embedded/embedded-service-error";
import { isRunning } from "../embedded/running-process";
import { parseJson, writePrivateFile } from "../embedded/service-state";

export const PARTS = ["postgres", "temporal", "server", "worker"] as const;
export type PartName = (typeof PARTS)[number];

const Part = z.object({
  name: z.enum(PARTS),
  /** Null: not one of our processes (DATABASE_URL, TEMPORAL_ADDRESS), or not running now. */
  pid: z.int().positive().nullable(),
  startMark: z.string().nullable(),
  address: z.string().nullable(),
  /** ISO 8601 UTC; when its process was started or taken over. */
  since: z.string(),
  external: z.boolean(),
  /** How often it was started again after it had died. */
  restarts: z.int().nonnegative(),
});
export type PartState = z.infer<typeof Part>;

const UpStateSchema = z.object({
  format: z.literal(1),
  pid: z.int().positive(),
  startMark: z.string(),
  phase: z.enum(["starting", "ready", "stopping", "stopped"]),
  version: z.string(),
  /** Such as `http://127.0.0.1:3000`; null until the server listens. */
  url: z.string().nullable(),
  startedAt: z.string(),
  parts: z.array(Part),
});
/** What `ntro up` writes down about itself, for `ntro status` and `ntro down`. */
export type UpState = z.infer<typeof UpStateSchema>;

function stateFile(home: string): string {
  return join(home, "run", "up.json");
}

/** What the last `ntro up` of a home wrote down; undefined when there is none that can be understood. */
export function readUpState(home: string): UpState | undefined {
  try {
    return UpStateSchema.safeParse(parseJson(readFileSync(stateFile(home), "utf8"))).data;
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}

export function writeUpState(home: string, state: Omit<UpState, "format">): void {
  writePrivateFile(stateFile(home), `${JSON.stringify({ format: 1, ...state }, null, 2)}\n`);
}

/** Whether that very `ntro up` still runs. */
export function isUp(state: UpState | undefined): state is UpState {
  return state !== undefined && state.phase !== "stopped" && isRunning(state);
}

/** Whether the process of a part still runs. */
export function isPartRunning(part: PartState): boolean {
  return part.pid !== null && part.startMark !== null && isRunning({ pid: part.pid, startMark: part.startMark });
}
