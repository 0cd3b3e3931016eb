import { type Concurrency, NtroError, type TaskStatus } from "@ntro/contract";
import { type DeclaredInput, inputSchema } from "./validate-input";

/** Ten years: more is a slip of the keyboard. */
export const MOST_PERIODS = 120;

/**
 * The periods `YYYY-MM` from one to another, both included, oldest first.
 * @throws NtroError `REQUEST_INVALID` for a range that runs backwards or has more than {@link MOST_PERIODS}
 */
export function periodsBetween(from: string, to: string): string[] {
  const count = monthsOf(to) - monthsOf(from) + 1;
  if (count < 1) throw badRange(`The range ends (${to}) before it begins (${from}).`, "Exchange --from and --to.");
  if (count > MOST_PERIODS)
    throw badRange(
      `From ${from} to ${to} there are ${count} periods; a backfill has ${MOST_PERIODS} at most.`,
      "Check the years, or do it in several backfills.",
    );
  return Array.from({ length: count }, (_, index) => periodOf(monthsOf(from) + index));
}

function monthsOf(period: string): number {
  const [year, month] = period.split("-").map(Number);
  return (year ?? 0) * 12 + (month ?? 1) - 1;
}

function periodOf(months: number): string {
  return `${String(Math.floor(months / 12)).padStart(4, "0")}-${String((months % 12) + 1).padStart(2, "0")}`;
}

function badRange(message: string, hint: string): NtroError {
  return new NtroError("REQUEST_INVALID", message, { hint });
}

/**
 * Checks that a runbook's tasks are for a period; one that declares no start parameters at all may take any.
 * @throws NtroError `INPUT_INVALID`
 */
export function requirePeriodParameter(runbook: string, declared: DeclaredInput): void {
  const schema = inputSchema(declared);
  const properties = schema?.properties;
  if (schema === null || (typeof properties === "object" && properties !== null && "period" in properties)) return;
  throw new NtroError(
    "INPUT_INVALID",
    `${runbook} takes no start parameter \`period\`, so there is nothing to backfill.`,
    {
      hint: `\`ntro runbook info ${runbook.split("@")[0]}\` shows what it takes; \`ntro workflow run\` starts one task.`,
    },
  );
}

/** How many tasks of a backfill may be open at once: a runbook that wants one at a time gets one. */
export function lanes(rule: Concurrency, asked: number, periods: number): number {
  return rule === "one-per-workflow" ? 1 : Math.min(asked, periods);
}

/** A task of the workflow for the period in question. */
export interface PeriodTask {
  readonly id: string;
  readonly status: TaskStatus;
  readonly closed: boolean;
}

export type PeriodPlan<T extends PeriodTask> =
  | { readonly kind: "start"; readonly previous: T | null }
  | { readonly kind: "already-ran"; readonly task: T }
  | { readonly kind: "running"; readonly task: T };

/** What a backfill does about a period, given its tasks, newest first. One that is open is never started twice, one that completed only with `again`. */
export function planPeriod<T extends PeriodTask>(tasks: readonly T[], again: boolean): PeriodPlan<T> {
  const open = tasks.find((task) => !task.closed);
  if (open) return { kind: "running", task: open };
  const completed = tasks.find((task) => task.status === "COMPLETED");
  if (completed && !again) return { kind: "already-ran", task: completed };
  return { kind: "start", previous: tasks[0] ?? null };
}
