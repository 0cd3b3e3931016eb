import { type Concurrency, NtroError } from "@ntro/contract";
import * as z from "zod";

/** The rule for a workflow's tasks: what the runbook says, else one for each period where they start by themselves. */
export function concurrencyOf(declared: Concurrency | undefined, schedule: string | null): Concurrency {
  return declared ?? (schedule === null ? "any" : "one-per-period");
}

const BY_STRICTNESS = ["any", "one-per-period", "one-per-workflow"] as const satisfies readonly Concurrency[];

/** Of two rules the one that lets less start. */
export function stricter(a: Concurrency, b: Concurrency): Concurrency {
  return BY_STRICTNESS.indexOf(a) > BY_STRICTNESS.indexOf(b) ? a : b;
}

/** The open task that a refusal by {@link taskRunning} names; undefined for any other error. */
export function runningTaskOf(error: unknown): string | undefined {
  if (!(error instanceof NtroError) || error.code !== "TASK_RUNNING") return undefined;
  return z.tuple([z.object({ taskId: z.string() })]).safeParse(error.details).data?.[0].taskId;
}

/** A task of the same workflow that has not ended. */
export interface OpenTask {
  readonly id: string;
  readonly title: string;
  readonly period: string | null;
}

/** The open task that keeps another of its workflow, for `period`, from starting; undefined when none does. */
export function hindrance<T extends OpenTask>(
  rule: Concurrency,
  period: string | null,
  open: readonly T[],
): T | undefined {
  if (rule === "any") return undefined;
  if (rule === "one-per-workflow") return open[0];
  return period === null ? undefined : open.find((task) => task.period === period);
}

/** The refusal of a start. */
export function taskRunning(rule: Concurrency, task: OpenTask): NtroError {
  const which = rule === "one-per-period" ? `for ${task.period}` : "at a time";
  return new NtroError(
    "TASK_RUNNING",
    `The workflow runs one task ${which}, and this one is still open: ${task.title} (${task.id}).`,
    {
      hint: `\`ntro run status ${task.id}\` shows it: finish or cancel it first. \`concurrency: any\` in runbook.md allows several at once.`,
      details: [{ taskId: task.id }],
    },
  );
}
