import { sleep, workflowInfo } from "@temporalio/workflow";
import type { ApproveOptions, FileOptions, ReviewOptions, RowSchema } from "../gates";
import type { Runbook } from "../runbook";
import { type Duration, milliseconds } from "../runtime";
import { approval } from "./approval";
import { activityCalls } from "./calls";
import type { ChildLock } from "./child-lock";
import { childCalls } from "./children";
import { FileGate, type Owner } from "./files";
import type { GateRegistry } from "./gate";
import type { Identity, Inherited } from "./identity";
import { Review } from "./review";
import type { StepRun } from "./step-run";
import { type TaskState, timestamp } from "./task-state";

/** Makes what the work of one run of a step is handed. */
export type StepTools = ReturnType<typeof stepTools>;

/** The tools of a workflow's steps; everything that waits is accounted for by the run of the step. */
export function stepTools(
  definition: Runbook["definition"],
  state: TaskState,
  gates: GateRegistry,
  {
    lock,
    identity,
    inherited,
  }: { readonly lock: ChildLock; readonly identity: Identity; readonly inherited: Inherited },
) {
  const { config: _, ...caller } = identity;
  const act = activityCalls(definition.activities, gates, caller);
  const child = childCalls(definition.children ?? {}, { state, lock, carried: { identity, inherited } });
  const { workflowId } = workflowInfo();
  const owner = { workflowId, tenantSlug: identity.tenant_slug, entitySlug: identity.entity_slug };
  return (step: StepRun) => ({
    act: act(step),
    child: child(step),
    ...gateTools(step, gates, owner),
    feedback: (level: "info" | "warning" | "error", message: string) =>
      state.setFeedback({ kind: "message", level, payload: { message } }),
    sleep: (duration: Duration) => step.begin("a sleep", sleep(Math.max(1, milliseconds(duration)))),
    waitUntil: async (moment: Date) => {
      const left = moment.getTime() - Date.now();
      if (left > 0) await step.begin(`a wait until ${moment.toISOString()}`, sleep(left));
    },
  });
}

function gateTools(step: StepRun, gates: GateRegistry, owner: Owner) {
  const files = async (gate: FileGate) => {
    const submitted = await step.begin(`the gate "${gate.title}"`, gates.open(step.stepId, gate));
    return (source: string) => submitted?.get(source);
  };
  const timedOut = () => ({ decision: "timed_out" as const, at: timestamp() });
  return {
    review: async (options: ReviewOptions<RowSchema, Duration | undefined>) =>
      (await step.begin(
        `the review "${options.title}"`,
        gates.open(step.stepId, new Review(options), options.timeout),
      )) ?? timedOut(),
    approve: async (options: ApproveOptions<Duration | undefined>) =>
      (await step.begin(
        `the approval "${options.title}"`,
        gates.open(step.stepId, approval(options), options.timeout),
      )) ?? timedOut(),
    submitFile: async (file: FileOptions) => {
      const title = file.title ?? `Submit ${file.source}`;
      return (await files(new FileGate(title, file.instructions, [file], owner, true)))(file.source);
    },
    submitFiles: async (
      asked: Readonly<Record<string, FileOptions>>,
      options: { title?: string; instructions?: string } = {},
    ) => {
      const wanted = Object.values(asked);
      const title = options.title ?? `Submit ${wanted.map((file) => file.title ?? file.source).join(", ")}`;
      const submission = await files(new FileGate(title, options.instructions, wanted, owner, false));
      return Object.fromEntries(Object.entries(asked).map(([key, file]) => [key, submission(file.source)]));
    },
  };
}
