import { randomUUID } from "node:crypto";
import { type Backfill, CreateBackfill, type NtroClient, Period } from "@ntro/contract";
import type { ExitCode } from "../command";
import type { Context } from "../context";
import { checkBody } from "../json-argument";
import type { Output } from "../output";
import { persist } from "../persist";
import { splitParams } from "../task/start-parameters";
import { typedParams } from "../task/start-task";
import { UsageError } from "../usage-error";
import { countOutcomes, describeBackfill, exitCodeOf, formatBackfill, formatPlan, periodLine } from "./backfill-lines";
import { type BackfillWatcher, followBackfill } from "./follow-backfill";

/** What `workflow backfill` was asked for. */
export interface BackfillFlags {
  readonly tenant?: string | undefined;
  readonly entity?: string | undefined;
  readonly from: string;
  readonly to: string;
  readonly maxParallel?: string | undefined;
  readonly again: boolean;
  readonly param: readonly string[];
  readonly dryRun: boolean;
  readonly noWait: boolean;
}

/** How long a server that goes away while the backfill is created is waited for, in milliseconds. The key makes a repetition harmless. */
const CREATE_PATIENCE_MS = 30_000;

/** Starts a backfill, or shows what it would do, and follows it to its end. */
export async function runBackfill(context: Context, workflow: string, flags: BackfillFlags): Promise<ExitCode> {
  const { out } = context;
  const params = splitParams(flags.param);
  const api = await context.client();
  const body = checkBody(
    CreateBackfill,
    {},
    {
      tenantId: await context.tenant(flags.tenant),
      entityId: (await context.entityIfAny(flags.entity)) ?? undefined,
      workflowId: workflow,
      from: periodOf("--from", flags.from),
      to: periodOf("--to", flags.to),
      again: flags.again,
      context: await typedParams(context, api, workflow, flags, params),
      ...(flags.maxParallel === undefined ? {} : { maxParallel: parallelOf(flags.maxParallel) }),
    },
  );
  if (flags.dryRun) {
    const plan = await api.call("backfills.plan", { body });
    out.data(plan, () => formatPlan(plan, out));
    out.say("Nothing was started.");
    return 0;
  }
  context.onInterrupt(() => ["", "The backfill may have been started. See it: ntro workflow backfill-status"]);
  const backfill = await create(context, api, body);
  out.success(`Backfill ${backfill.id} is started: ${describeBackfill(backfill)}${paceText(backfill, body)}`);
  if (!flags.noWait) return followToEnd(context, api, backfill);
  out.data(backfill, () => formatBackfill(backfill, out));
  for (const line of goOnLines(backfill)) out.say(line);
  return 0;
}

/** Follows a backfill to its end, a line for each change, prints it, and gives the exit code. Ctrl-C leaves it going on. */
export async function followToEnd(context: Context, api: NtroClient, backfill: Backfill): Promise<ExitCode> {
  const { out } = context;
  context.onInterrupt(() => ["", ...goOnLines(backfill)]);
  const ended = await followBackfill(api, backfill, narrator(out));
  out.data(ended, () => formatBackfill(ended, out));
  const exit = exitCodeOf(ended);
  const text = `The backfill ${ended.status === "cancelled" ? "was cancelled" : "has ended"}: ${countOutcomes(ended)}.`;
  if (exit === 0) out.success(text);
  else out.warn(text);
  return exit;
}

/** What to type about a backfill that goes on. */
function goOnLines({ id }: Backfill): string[] {
  return [
    "The backfill goes on by itself.",
    `See it:  ntro workflow backfill-status ${id}`,
    `Stop it: ntro workflow backfill-cancel ${id}`,
  ];
}

function paceText({ maxParallel, periods }: Backfill, asked: CreateBackfill): string {
  if (periods.length === 1) return "";
  if (maxParallel > 1) return `, up to ${maxParallel} at once`;
  return (asked.maxParallel ?? 1) > 1 ? ", one at a time, as its runbook says" : ", one at a time";
}

async function create(context: Context, api: NtroClient, body: CreateBackfill): Promise<Backfill> {
  await api.call("me", {});
  const idempotencyKey = randomUUID();
  return persist(
    () => api.call("backfills.create", { body, idempotencyKey }),
    CREATE_PATIENCE_MS,
    () => context.out.warn("The connection is lost, reconnecting…"),
  );
}

function periodOf(flag: string, text: string): string {
  if (Period.safeParse(text).success) return text;
  throw new UsageError(`${flag} ${text} is not a month.`, "Type it as YYYY-MM, such as 2026-03.");
}

function parallelOf(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 20) return count;
  throw new UsageError(`--max-parallel ${text} is not a number from 1 to 20.`);
}

/** Tells what changes from one look at a backfill to the next. */
function narrator(out: Output): BackfillWatcher {
  const told = new Map<string, string>();
  return {
    seen(backfill) {
      for (const period of backfill.periods) {
        const line = periodLine(period, out);
        if (line === undefined || told.get(period.period) === line) continue;
        told.set(period.period, line);
        out.say(line);
        if (period.task?.status === "BLOCKED") out.say(`      ntro run next ${period.task.id}`);
      }
    },
    lost: () => out.warn("The connection is lost, reconnecting…"),
    back: () => out.say("  connected again"),
  };
}
