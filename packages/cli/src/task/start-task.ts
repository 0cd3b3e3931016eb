import { randomUUID } from "node:crypto";
import { CreateTask, type NtroClient, Period } from "@ntro/contract";
import type { ExitCode } from "../command";
import type { Context } from "../context";
import { findWorkflow } from "../find-workflow";
import { checkBody, readJsonArgument } from "../json-argument";
import { persist } from "../persist";
import { UsageError } from "../usage-error";
import { splitParams, typeParams } from "./start-parameters";
import { formatTask } from "./task-fields";
import { deadlineOf, type WatchFlags, watchTask } from "./watch-task";

/** What `workflow run` was asked for. */
export interface StartFlags extends WatchFlags {
  readonly tenant?: string | undefined;
  readonly entity?: string | undefined;
  readonly period?: string | undefined;
  readonly priority?: string | undefined;
  readonly dryRun: boolean;
  readonly param: readonly string[];
  readonly json?: string | undefined;
  readonly wait: boolean;
}

/** How long a server that goes away while the task is created is waited for, in milliseconds. The key makes a repetition harmless. */
const CREATE_PATIENCE_MS = 30_000;

/** Starts a task and, with `--wait`, watches it to its end. */
export async function startTask(context: Context, workflow: string, flags: StartFlags): Promise<ExitCode> {
  const deadline = deadlineOf(flags);
  if (flags.period !== undefined && !Period.safeParse(flags.period).success)
    throw new UsageError(`--period ${flags.period} is not a month.`, "Type it as YYYY-MM, such as 2026-03.");
  const params = splitParams(flags.param);
  const json = readJsonArgument(flags.json, context.terminal.cwd);
  const api = await context.client();
  const { context: ofJson, ...rest } = json;
  const body = checkBody(CreateTask, rest, {
    tenantId: typeof rest.tenantId === "string" && !flags.tenant ? rest.tenantId : await context.tenant(flags.tenant),
    entityId: (await context.entityIfAny(flags.entity)) ?? undefined,
    workflowId: workflow,
    context: {
      ...objectOf(ofJson),
      ...(await typedParams(context, api, workflow, flags, params)),
      ...(flags.period === undefined ? {} : { period: flags.period }),
      ...(flags.priority === undefined ? {} : { priority: flags.priority.toUpperCase() }),
      ...(flags.dryRun ? { dry_run: true } : {}),
    },
  });
  context.onInterrupt(() => ["", "The task may have been started. See it: ntro run list"]);
  const task = await create(context, api, body);
  context.out.success(`Task ${task.id} is started: ${task.title}, ${task.runbookSlug}@${task.runbookVersion}`);
  if (flags.wait) return watchTask(context, api, task.id, flags, deadline);
  context.out.data(task, () => formatTask(task, context.out));
  context.out.say(`Watch it: ntro run status ${task.id} --wait`);
  return 0;
}

/** The first attempt fails at once when no server is there; only one that answered before is waited for. */
async function create(context: Context, api: NtroClient, body: CreateTask) {
  await api.call("me", {});
  const idempotencyKey = randomUUID();
  return persist(
    () => api.call("tasks.create", { body, idempotencyKey }),
    CREATE_PATIENCE_MS,
    () => context.out.warn("The connection is lost, reconnecting…"),
  );
}

function objectOf(value: unknown): Record<string, unknown> {
  if (value === undefined) return {};
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw new UsageError('"context" of --json is not an object.');
}

/** `--param` values with the types the runbook declares; the runbook is only asked for when there are some. */
export async function typedParams(
  context: Context,
  api: NtroClient,
  reference: string,
  flags: Pick<StartFlags, "tenant" | "entity">,
  params: ReadonlyMap<string, string>,
): Promise<Record<string, unknown>> {
  if (params.size === 0) return {};
  const { runbookSlug } = await findWorkflow(context, reference, flags);
  const tenant = await context.tenant(flags.tenant);
  const { startParams } = await api.call("runbooks.get", { params: { slug: runbookSlug }, query: { tenant } });
  return typeParams(params, startParams);
}
