import { type ActivityContext, RunbookFailure } from "@ntro/runbook";
import { Context } from "@temporalio/activity";
import { ApplicationFailure } from "@temporalio/common";
import * as z from "zod";
import type { Capabilities } from "./capabilities";
import type { Repairs } from "./repairs";
import type { Revisions } from "./revisions";

/** What workflow code sends beside the input. */
const Caller = z.object({
  task_id: z.string(),
  entity_id: z.string(),
  entity_slug: z.string(),
  tenant_id: z.string(),
  tenant_slug: z.string(),
  step_id: z.string(),
  call_id: z.string(),
});

/** Over this a result is refused; it belongs into the tenant's database, with a reference in the result. */
const MAX_RESULT_BYTES = 1_000_000;
/** How often a long activity is said to be alive; its timeout is 15 s. */
const BEAT_MS = 5_000;

/**
 * Runs any activity of any revision: the caller's workflow type says which, or the one it was repaired to. Input and output are checked by the author's schemas; what the author `fail`s, and
 * what does not fit a schema, is not tried again.
 */
export function activityRunner(
  revisions: Pick<Revisions, "load">,
  repairs: Pick<Repairs, "typeOf">,
  capabilities: Capabilities,
) {
  return async (input: unknown, caller: unknown): Promise<unknown> => {
    const context = Context.current();
    const { activityType, workflowType = "", workflowExecution } = context.info;
    const codeType = repairs.typeOf(workflowExecution?.workflowId ?? "", workflowType);
    const { activities } = await revisions.load(codeType);
    const activity = activities.get(activityType);
    if (!activity)
      throw ApplicationFailure.nonRetryable(
        `The revision ${codeType} has no activity "${activityType}".`,
        "ActivityNotFound",
      );
    const given = activity.input.safeParse(input);
    if (!given.success)
      throw ApplicationFailure.nonRetryable(
        `The input of "${activityType}" does not fit its schema. ${z.prettifyError(given.error)}`,
        "ActivityInputInvalid",
      );
    const beat = context.info.isLocal ? undefined : setInterval(() => context.heartbeat(), BEAT_MS);
    try {
      const result = await activity.run(given.data, contextOf(context, Caller.parse(caller), capabilities));
      return checkedResult(activityType, activity.output, result);
    } catch (error) {
      throw isRunbookFailure(error) ? ApplicationFailure.nonRetryable(error.message, error.type) : error;
    } finally {
      clearInterval(beat);
    }
  };
}

/** Bundles carry a copy of the SDK of their own, so the class alone does not tell. */
function isRunbookFailure(error: unknown): error is RunbookFailure {
  return error instanceof RunbookFailure || (error instanceof Error && error.name === "RunbookFailure");
}

function checkedResult(name: string, schema: z.ZodType, value: unknown): unknown {
  const parsed = schema.safeParse(value);
  if (!parsed.success)
    throw ApplicationFailure.nonRetryable(
      `The result of "${name}" does not fit its schema. ${z.prettifyError(parsed.error)}`,
      "ActivityOutputInvalid",
    );
  const size = Buffer.byteLength(JSON.stringify(parsed.data) ?? "");
  if (size > MAX_RESULT_BYTES)
    throw ApplicationFailure.nonRetryable(
      `The result of "${name}" has ${size} bytes; at most ${MAX_RESULT_BYTES} are passed on. Store it (db, storage) and return a reference to it.`,
      "ResultTooLarge",
    );
  return parsed.data;
}

function contextOf(
  context: Context,
  caller: z.infer<typeof Caller>,
  { db, documents, storage }: Capabilities,
): ActivityContext {
  const { info } = context;
  return {
    tenant: { id: caller.tenant_id, slug: caller.tenant_slug },
    entity: { id: caller.entity_id, slug: caller.entity_slug },
    task: { id: caller.task_id },
    step: caller.step_id,
    db,
    documents,
    storage,
    idempotencyKey: caller.call_id,
    attempt: info.attempt,
    signal: context.cancellationSignal,
    heartbeat: (details) => context.heartbeat(details),
    log: (message) => context.log.info(message),
  };
}
