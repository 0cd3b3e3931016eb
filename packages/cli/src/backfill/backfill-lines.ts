import type { Backfill, BackfillPeriod, BackfillPlan } from "@ntro/contract";
import type { ExitCode } from "../command";
import { type Column, formatRecord, formatTable, type Output, printable } from "../output";

/** What a backfill is of, in a few words: `nav-monthly at acme-spv1, 2026-01 to 2026-03`. */
export function describeBackfill(backfill: Backfill): string {
  const name = backfill.workflowName ?? backfill.runbookSlug;
  return `${name} at ${backfill.entitySlug}, ${rangeOf(backfill.periods)}`;
}

/** The first and the last of some periods. */
export function rangeOf(periods: readonly { readonly period: string }[]): string {
  const [first] = periods;
  const last = periods[periods.length - 1];
  return first && last && first !== last ? `${first.period} to ${last.period}` : (first?.period ?? "");
}

/** A period as it stands, in a few words. */
function periodText({ outcome, task, previous, code, message }: BackfillPeriod): string {
  switch (outcome) {
    case "waiting":
      return task ? "waits for another task of the workflow to end" : "waiting";
    case "already-ran":
      return "already ran";
    case "running":
      return "left out: a task of it is open";
    case "refused":
      return `refused (${code}): ${message}`;
    case "cancelled":
      return "not started";
    case "started": {
      const again = previous
        ? ` again (${previous.status === "COMPLETED" ? "it ran before" : "it failed before"})`
        : "";
      return `${STARTED[task?.status ?? "PENDING"]}${again}`;
    }
  }
}

const STARTED = {
  PENDING: "started",
  READY: "started",
  IN_PROGRESS: "started",
  BLOCKED: "waits for a person",
  COMPLETED: "completed",
  FAILED: "failed",
} as const;

/** The line that tells a change of a period; undefined when there is nothing to tell yet. */
export function periodLine(period: BackfillPeriod, { colourOfMessages: colour }: Output): string | undefined {
  const { outcome, task } = period;
  if (outcome === "cancelled" || (outcome === "waiting" && !task)) return undefined;
  const id = task ? `  ${colour.dim(task.id)}` : "";
  const text = `${period.period}  ${printable(periodText(period))}`;
  if (outcome === "refused" || task?.status === "FAILED") return `  ${colour.red("✗")} ${text}${id}`;
  if (outcome === "already-ran" || outcome === "running") return `  ${colour.dim("–")} ${text}${id}`;
  if (task?.status === "COMPLETED") return `  ${colour.green("✓")} ${text}${id}`;
  if (outcome === "waiting" || task?.status === "BLOCKED") return `  ${colour.yellow("⏸")} ${text}${id}`;
  return `  ${colour.cyan("→")} ${text}${id}`;
}

const COLUMNS: readonly Column<BackfillPeriod>[] = [
  { title: "PERIOD", value: ({ period }) => period },
  { title: "OUTCOME", value: periodText },
  { title: "TASK", value: ({ task }) => task?.id },
  { title: "BEFORE", value: ({ previous }) => previous?.id },
];

/** A backfill with its periods, as text. */
export function formatBackfill(backfill: Backfill, { colour }: Output): string {
  const fields = [
    ["id", backfill.id],
    ["workflow", describeBackfill(backfill)],
    ["status", backfill.cancelledBy === null ? backfill.status : `cancelled by ${backfill.cancelledBy}`],
    ["at once", backfill.maxParallel > 1 ? `up to ${backfill.maxParallel} tasks` : null],
    ["started", `${backfill.createdAt} by ${backfill.createdBy}`],
    ["ended", backfill.endedAt],
  ] as const;
  return `${formatRecord(fields, colour)}\n\n${formatTable(backfill.periods, COLUMNS, colour)}`;
}

type PlannedPeriod = BackfillPlan["periods"][number];
const PLANNED: Readonly<Record<PlannedPeriod["plan"], string>> = {
  start: "would start",
  "already-ran": "already ran",
  running: "left out: a task of it is open",
};

/** What a backfill would do, as a table. */
export function formatPlan(plan: BackfillPlan, { colour }: Output): string {
  const again = ({ previous }: PlannedPeriod) =>
    previous ? ` again (${previous.status === "COMPLETED" ? "it ran before" : "it failed before"})` : "";
  const columns: readonly Column<PlannedPeriod>[] = [
    { title: "PERIOD", value: ({ period }) => period },
    { title: "PLAN", value: (period) => `${PLANNED[period.plan]}${again(period)}` },
    { title: "TASK", value: ({ task, previous }) => (task ?? previous)?.id },
  ];
  return formatTable(plan.periods, columns, colour);
}

/** How many periods came to what: `2 completed, 1 already ran`. */
export function countOutcomes({ periods }: Backfill): string {
  const words = periods.map(({ outcome, task }) => {
    if (outcome === "started") return STARTED[task?.status ?? "PENDING"];
    if (outcome === "already-ran") return "already ran";
    if (outcome === "running") return "left out as their task is open";
    return outcome === "cancelled" ? "not started" : outcome;
  });
  return [...new Set(words)].map((word) => `${words.filter((each) => each === word).length} ${word}`).join(", ");
}

/** 0 when every period ran, 1 when one failed, was refused or was not started. */
export function exitCodeOf({ status, periods }: Backfill): ExitCode {
  const isBad = (period: BackfillPeriod) =>
    period.outcome === "refused" || (period.outcome === "started" && period.task?.status === "FAILED");
  return status === "cancelled" || periods.some(isBad) ? 1 : 0;
}
