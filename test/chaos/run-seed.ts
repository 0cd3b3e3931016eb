import { randomUUID } from "node:crypto";
import { setMaxListeners } from "node:events";
import type { Platform } from "../system/platform";
import type { Deploys } from "./deploys";
import { patiently, pause } from "./patience";
import { attend, type Given } from "./people";
import { type Action, type StartAction, scheduleOf } from "./schedule";

/** A task that was accepted, and all that its people know of it. */
export interface Attended {
  readonly id: string;
  readonly action: StartAction;
  /** Of what was deployed when it was started. */
  readonly marks: ReadonlyMap<string, number>;
  readonly given: readonly Given[];
}

/** What a seed did. */
export interface SeedRun {
  readonly tasks: readonly Attended[];
  /** What did not come to its end, or ended with an error that nobody should see. */
  readonly problems: readonly string[];
}

/** Longest time from the first action until everything has ended, in milliseconds. */
const LIMIT_MS = 240_000;

/** Does everything that a seed's schedule holds, and waits until every task has ended; bounded. */
export async function runSeed(platform: Platform, deploys: Deploys, seed: number): Promise<SeedRun> {
  const signal = AbortSignal.timeout(LIMIT_MS);
  setMaxListeners(0, signal);
  const tasks: Attended[] = [];
  const act = async (action: Action): Promise<void> => {
    await pause(action.at, signal);
    if (action.kind === "strike") await platform.kill(action.victim);
    else if (action.kind === "deploy") await deploys.deploy(action.slug, action.sameVersion, signal);
    else tasks.push(await runTask(platform, deploys, action, signal));
  };
  const actions = scheduleOf(seed);
  const ended = await Promise.allSettled(actions.map(act));
  const problems = ended.flatMap((end, index) =>
    end.status === "rejected" ? [`${JSON.stringify(actions[index])}: ${explain(end.reason)}`] : [],
  );
  return { tasks, problems };
}

async function runTask(
  platform: Platform,
  deploys: Deploys,
  action: StartAction,
  signal: AbortSignal,
): Promise<Attended> {
  const { relay, failures, pause: milliseconds, ask } = action;
  const marks = deploys.marks();
  const body = { tenantId: "acme-fund", workflowId: relay, context: { failures, pause: milliseconds, ask } };
  const idempotencyKey = randomUUID();
  const { id } = await patiently(signal, () =>
    platform.client().call("tasks.create", { body, idempotencyKey, signal }),
  );
  return { id, action, marks, given: await attend(platform, id, action, signal) };
}

/** An error with its causes, in one line each. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return JSON.stringify(error);
  return error.cause === undefined ? error.message : `${error.message}\n  because ${explain(error.cause)}`;
}
