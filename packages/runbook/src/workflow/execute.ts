import { ApplicationFailure, sleep, TemporalFailure, uuid4 } from "@temporalio/workflow";
import * as z from "zod";
import { RunbookFailure } from "../failure";
import type { Runbook } from "../runbook";
import { milliseconds, setRuntime } from "../runtime";
import { ChildLock } from "./child-lock";
import { GateRegistry } from "./gate";
import { Identity, Inherited } from "./identity";
import { jsonBytes, MAX_RESULT_BYTES } from "./limits";
import { serveProtocol } from "./protocol";
import { serveSignals } from "./signals";
import { StepRun } from "./step-run";
import { TaskState } from "./task-state";
import { type StepTools, stepTools } from "./tools";

setRuntime({
  now: () => new Date(),
  uuid: uuid4,
  sleep: (duration) => sleep(Math.max(1, milliseconds(duration))),
});

/**
 * Runs a runbook as a Temporal workflow: input checked, protocol served, the author's process from top to bottom. A failure that the author raises, a failed
 * activity or child, and a cancellation end the task; any other error is a bug in the runbook and fails the workflow task, which keeps the task open.
 */
export async function execute(runbook: Runbook, argument: unknown): Promise<unknown> {
  const { definition } = runbook;
  const state = new TaskState(definition.steps);
  const gates = new GateRegistry(state);
  serveProtocol(state, gates);
  serveSignals(gates);
  const lock = new ChildLock();
  lock.serveRepairs();
  try {
    const identity = checkInput(Identity, argument);
    const input = checkInput(definition.input, parameters(definition.input, argument));
    const tools = stepTools(definition, state, gates, { lock, identity, inherited: checkInput(Inherited, argument) });
    const step = Object.fromEntries(Object.keys(definition.steps).map((id) => [id, runStep(id, state, tools)]));
    state.changed();
    const result = await definition.run({ input, step, ...about(identity) } as Parameters<typeof definition.run>[0]);
    if (state.stepsUnderWay.length > 0)
      throw new Error(
        `The runbook ended while these steps were under way: ${state.stepsUnderWay.join(", ")}. Await every step.`,
      );
    const checked = checkResult(definition.output, result);
    state.close("completed");
    return checked;
  } catch (error) {
    const failure = asTemporalFailure(error);
    if (failure) state.close("failed");
    throw failure ?? error;
  }
}

function about({ tenant_id, tenant_slug, entity_id, entity_slug, task_id, config }: Identity) {
  return {
    config,
    tenant: { id: tenant_id, slug: tenant_slug },
    entity: { id: entity_id, slug: entity_slug },
    task: { id: task_id },
  };
}

/** The author's parameters among the flat input, so that a strict schema does not see what the platform puts there. */
function parameters(schema: z.ZodObject, argument: unknown): unknown {
  if (typeof argument !== "object" || argument === null) return argument;
  return Object.fromEntries(Object.entries(argument).filter(([key]) => Object.hasOwn(schema.shape, key)));
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
  const size = jsonBytes(parsed.data);
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
function runStep(id: string, state: TaskState, tools: StepTools) {
  return async (work: (given: ReturnType<StepTools>) => unknown): Promise<unknown> => {
    if (state.stepsUnderWay.includes(id))
      throw new Error(`The step "${id}" is under way already; do several things at once inside one run of it.`);
    const run = new StepRun(id);
    state.enterStep(id);
    try {
      const result = await run.do(() => work(tools(run)));
      state.leaveStep(id, "completed", result);
      return result;
    } catch (error) {
      state.leaveStep(id, "failed");
      throw error;
    }
  };
}
