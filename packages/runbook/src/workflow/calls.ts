import type { Duration as TemporalDuration } from "@temporalio/common";
import {
  ActivityFailure,
  ApplicationFailure,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
} from "@temporalio/workflow";
import { type Activity, type ActivityPolicy, isActivity } from "../activity";
import { approval } from "./approval";
import type { GateRegistry } from "./gate";

/** Told to the activity beside its input: for whom and where it runs. The host adds what is the tenant's. */
export interface ActivityCaller {
  readonly task_id: string;
  readonly entity_id: string;
  readonly entity_slug: string;
  readonly tenant_id: string;
  readonly tenant_slug: string;
  readonly step_id: string;
}

type Call = (input: unknown, caller: ActivityCaller) => Promise<unknown>;

/** Authors' defaults; `activity()` documents them. */
const DEFAULTS = {
  timeout: "5m",
  shortTimeout: "10s",
  attempts: 5,
  firstDelay: "1s",
  maxDelay: "1m",
  heartbeat: "30s",
} as const;

/** The activities of a module as functions of one step; failures are asked about where the author wants it. */
export function bindCalls(
  activities: Record<string, unknown>,
  gates: GateRegistry,
  caller: ActivityCaller,
): Record<string, (input: unknown) => Promise<unknown>> {
  const declared = Object.entries(activities).filter((entry): entry is [string, Activity] => isActivity(entry[1]));
  return Object.fromEntries(
    declared.map(([name, { policy }]) => {
      const call = callOf(name, policy);
      const run = (input: unknown) => call(input, caller);
      return [
        name,
        policy.onFailure === "ask"
          ? (input: unknown) => askOnFailure(name, () => run(input), gates, caller.step_id)
          : run,
      ];
    }),
  );
}

function callOf(name: string, policy: ActivityPolicy): Call {
  const retry = {
    maximumAttempts: policy.retry?.attempts ?? DEFAULTS.attempts,
    initialInterval: (policy.retry?.firstDelay ?? DEFAULTS.firstDelay) as TemporalDuration,
    maximumInterval: (policy.retry?.maxDelay ?? DEFAULTS.maxDelay) as TemporalDuration,
  };
  const calls = policy.short
    ? proxyLocalActivities<Record<string, Call>>({
        startToCloseTimeout: (policy.timeout ?? DEFAULTS.shortTimeout) as TemporalDuration,
        retry,
      })
    : proxyActivities<Record<string, Call>>({
        startToCloseTimeout: (policy.timeout ?? DEFAULTS.timeout) as TemporalDuration,
        heartbeatTimeout: DEFAULTS.heartbeat,
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
      const shown = {
        activity: name,
        error: { type: cause?.type ?? "Error", message: cause?.message ?? error.message },
      };
      const title = `"${name}" failed: ${shown.error.message}`;
      const answer = await gates.open(
        stepId,
        approval({ title, show: shown, labels: { approve: "Try again", reject: "Give up" } }),
      );
      if (answer?.decision !== "approved") throw error;
    }
  }
}
