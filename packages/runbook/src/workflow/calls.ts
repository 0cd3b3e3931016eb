import {
  ActivityFailure,
  ApplicationFailure,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  uuid4,
} from "@temporalio/workflow";
import { type Activity, type ActivityPolicy, isActivity } from "../activity";
import { milliseconds } from "../runtime";
import { approval } from "./approval";
import type { GateRegistry } from "./gate";
import type { StepRun } from "./step-run";

/** Told to the activity beside its input: for whom and where it runs. The host adds what is the tenant's. */
interface ActivityCaller {
  readonly task_id: string;
  readonly entity_id: string;
  readonly entity_slug: string;
  readonly tenant_id: string;
  readonly tenant_slug: string;
  readonly step_id: string;
  /** The same for every attempt of a call, also those that a person asked for. */
  readonly call_id: string;
}

/** What all calls of a workflow have in common. */
export type Caller = Omit<ActivityCaller, "step_id" | "call_id">;

type Call = (input: unknown, caller: ActivityCaller) => Promise<unknown>;

/** Authors' defaults; `activity()` documents them. */
const DEFAULTS = {
  timeout: "5m",
  shortTimeout: "10s",
  attempts: 5,
  firstDelay: "1s",
  maxDelay: "1m",
  heartbeat: "15s",
} as const;

/** The activities of a workflow, ready to be called from any of its steps. */
export function activityCalls(activities: Record<string, unknown>, gates: GateRegistry, caller: Caller) {
  const calls = Object.entries(activities)
    .filter((entry): entry is [string, Activity] => isActivity(entry[1]))
    .map(([name, { policy }]) => ({ name, policy, call: callOf(name, policy) }));
  /** The functions that a step's work is handed. */
  return (step: StepRun): Record<string, (input: unknown) => Promise<unknown>> =>
    Object.fromEntries(
      calls.map(({ name, policy, call }) => [
        name,
        (input: unknown) => {
          const told = { ...caller, step_id: step.stepId, call_id: uuid4() };
          const run = () => call(input, told);
          return step.begin(
            `the activity ${name}`,
            policy.onFailure === "ask" ? askOnFailure(name, run, gates, step.stepId) : run(),
          );
        },
      ]),
    );
}

function callOf(name: string, policy: ActivityPolicy): Call {
  const retry = {
    maximumAttempts: policy.retry?.attempts ?? DEFAULTS.attempts,
    initialInterval: milliseconds(policy.retry?.firstDelay ?? DEFAULTS.firstDelay),
    maximumInterval: milliseconds(policy.retry?.maxDelay ?? DEFAULTS.maxDelay),
  };
  const calls = policy.short
    ? proxyLocalActivities<Record<string, Call>>({
        startToCloseTimeout: milliseconds(policy.timeout ?? DEFAULTS.shortTimeout),
        retry,
      })
    : proxyActivities<Record<string, Call>>({
        startToCloseTimeout: milliseconds(policy.timeout ?? DEFAULTS.timeout),
        heartbeatTimeout: milliseconds(DEFAULTS.heartbeat),
        retry,
      });
  const call = calls[name];
  if (!call) throw new Error(`No activity "${name}".`);
  return call;
}

/** A failed step is not a lost task: a person chooses between another round and giving up. */
async function askOnFailure(
  name: string,
  run: () => Promise<unknown>,
  gates: GateRegistry,
  stepId: string,
): Promise<unknown> {
  for (;;) {
    try {
      return await run();
    } catch (error) {
      if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
      const cause = error.cause instanceof ApplicationFailure ? error.cause : undefined;
      const show = {
        activity: name,
        error: { type: cause?.type ?? "Error", message: cause?.message ?? error.cause?.message ?? error.message },
      };
      const labels = { approve: "Try again", reject: "Give up" };
      const answer = await gates.open(
        stepId,
        // The title goes into reports, which carry no contents: the message is shown only to those who look.
        approval({ title: `"${name}" failed: try again?`, show, labels, kept: false }),
      );
      if (answer?.decision !== "approved") throw error;
    }
  }
}
