import { type Concurrency, NtroError } from "@ntro/contract";

/** The rule for a workflow's tasks: what the runbook says, else one for each period where they start by themselves. */
export function concurrencyOf(declared: Concurrency | undefined, schedule: string | null): Concurrency {
  return declared ?? (schedule === null ? "any" : "one-per-period");
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
