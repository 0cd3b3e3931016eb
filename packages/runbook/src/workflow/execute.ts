import { ApplicationFailure, sleep, TemporalFailure, uuid4 } from "@temporalio/workflow";
import * as z from "zod";
import { RunbookFailure } from "../failure";
import type { ApproveOptions, FileOptions, ReviewOptions, RowSchema } from "../gates";
import type { Runbook } from "../runbook";
import { type Duration, setRuntime } from "../runtime";
import { approval } from "./approval";
import { type ActivityCaller, bindCalls } from "./calls";
import { bindChildren } from "./children";
import { FileGate } from "./files";
import { GateRegistry } from "./gate";
import { serveProtocol } from "./protocol";
import { Review } from "./review";
import { TaskState, timestamp } from "./task-state";

type TemporalDuration = Parameters<typeof sleep>[0];

setRuntime({ now: () => new Date(), uuid: uuid4, sleep: (duration) => sleep(duration as TemporalDuration) });

/** What the platform puts into every input, beside the author's parameters. */
const Identity = z.object({
  tenant_id: z.string(),
  tenant_slug: z.string(),
  entity_id: z.string(),
  entity_slug: z.string(),
  task_id: z.string(),
  config: z.record(z.string(), z.unknown()).default({}),
});
type Identity = z.infer<typeof Identity>;

/** Results over this are refused before Temporal would refuse them in an endless loop. */
const MAX_RESULT_BYTES = 1_000_000;

/**
 * Runs a runbook as a Temporal workflow: input checked, protocol served, the author's process from top to bottom. A failure that the author raises, a failed
 * activity or child, and a cancellation end the task; any other error is a bug in the runbook and fails the workflow task, which keeps the task open.
 */
export async function execute(runbook: Runbook, argument: unknown): Promise<unknown> {
  const { definition } = runbook;
  const state = new TaskState(definition.steps);
  const gates = new GateRegistry(state);
  serveProtocol(state, gates);
  try {
    const identity = checkInput(Identity, argument);
    const input = checkInput(definition.input, argument);
    state.changed();
    const { tenant_id, tenant_slug, entity_id, entity_slug, task_id, config } = identity;
    const step = Object.fromEntries(
      Object.keys(definition.steps).map((id) => [id, stepOf(id, runbook, state, gates, identity)]),
    );
    const context = {
      input,
      step,
      config,
      tenant: { id: tenant_id, slug: tenant_slug },
      entity: { id: entity_id, slug: entity_slug },
      task: { id: task_id },
    };
    const result = checkResult(
      definition.output,
      await definition.run(context as Parameters<typeof definition.run>[0]),
    );
    state.close("completed");
    return result;
  } catch (error) {
    const failure = asTemporalFailure(error);
    if (failure) state.close("failed");
    throw failure ?? error;
  }
}

function checkInput<S extends z.ZodType>(schema: S, argument: unknown): z.output<S> {
  const parsed = schema.safeParse(argument);
  if (!parsed.success)
    throw ApplicationFailure.nonRetryable(
      `The task's input is not valid. ${z.prettifyError(parsed.error)}`,
      "InputInvalid",
    );
  return parsed.data;
}

/** A result that does not fit the declared output is a bug of the runbook, so a plain error; one that is too large can never be kept. */
function checkResult(schema: z.ZodType, value: unknown): unknown {
  const parsed = schema.safeParse(value);
  if (!parsed.success)
    throw new Error(`The runbook's result does not fit its output schema. ${z.prettifyError(parsed.error)}`);
  const size = JSON.stringify(parsed.data)?.length ?? 0;
  if (size > MAX_RESULT_BYTES)
    throw ApplicationFailure.nonRetryable(
      `The result has ${size} bytes; at most ${MAX_RESULT_BYTES} are kept. Store it in an activity and return a reference to it.`,
      "ResultTooLarge",
    );
  return parsed.data;
}

function asTemporalFailure(error: unknown): TemporalFailure | undefined {
  if (error instanceof TemporalFailure) return error;
  return error instanceof RunbookFailure ? ApplicationFailure.nonRetryable(error.message, error.type) : undefined;
}

/** The function that runs one step: its work is handed everything that belongs to it. */
function stepOf(id: string, { definition }: Runbook, state: TaskState, gates: GateRegistry, identity: Identity) {
  const caller: ActivityCaller = {
    task_id: identity.task_id,
    tenant_id: identity.tenant_id,
    tenant_slug: identity.tenant_slug,
    entity_id: identity.entity_id,
    entity_slug: identity.entity_slug,
    step_id: id,
  };
  const tools = {
    act: bindCalls(definition.activities, gates, caller),
    child: bindChildren(definition.children ?? {}, state, id, identity),
    ...gatesOf(id, gates, identity),
    feedback: (level: "info" | "warning" | "error", message: string) =>
      state.giveFeedback({ kind: "message", level, payload: { message } }),
    sleep: (duration: Duration) => sleep(duration as TemporalDuration),
    waitUntil: async (moment: Date) => {
      const left = moment.getTime() - Date.now();
      if (left > 0) await sleep(left);
    },
  };
  return async (work: (given: typeof tools) => unknown): Promise<unknown> => {
    state.enterStep(id);
    try {
      const result = await work(tools);
      state.leaveStep(id, "completed", result);
      return result;
    } catch (error) {
      state.leaveStep(id, "failed");
      throw error;
    }
  };
}

function gatesOf(stepId: string, gates: GateRegistry, identity: Identity) {
  const who = { tenantSlug: identity.tenant_slug, entitySlug: identity.entity_slug };
  const timedOut = () => ({ decision: "timed_out" as const, at: timestamp() });
  return {
    review: async (options: ReviewOptions<RowSchema, Duration | undefined>) =>
      (await gates.open(stepId, new Review(options), options.timeout)) ?? timedOut(),
    approve: async (options: ApproveOptions<Duration | undefined>) =>
      (await gates.open(stepId, approval(options), options.timeout)) ?? timedOut(),
    submitFile: async (file: FileOptions) => {
      const submitted = await gates.open(
        stepId,
        new FileGate(file.title ?? `Submit ${file.source}`, file.instructions, [file], who, true),
      );
      return submitted?.get(file.source);
    },
    submitFiles: async (
      files: Readonly<Record<string, FileOptions>>,
      options: { title?: string; instructions?: string } = {},
    ) => {
      const entries = Object.entries(files);
      const title = options.title ?? `Submit ${entries.map(([, file]) => file.title ?? file.source).join(", ")}`;
      const submitted = await gates.open(
        stepId,
        new FileGate(
          title,
          options.instructions,
          entries.map(([, file]) => file),
          who,
          false,
        ),
      );
      return Object.fromEntries(entries.map(([key, file]) => [key, submitted?.get(file.source)]));
    },
  };
}
