import type { GateSummary, Task } from "@ntro/contract";

/** What a task waits for and, under each, the command that answers it. */
export function answerLines(task: Pick<Task, "id" | "gates">): string[] {
  return task.gates.flatMap((gate) => [
    `waits for: ${gate.title}`,
    ...answersTo(gate, task).map((line) => `    ${line}`),
  ]);
}

/** The commands that answer a gate; they name it only where the task waits for more than one of its kind. */
export function answersTo(gate: GateSummary, { id, gates }: Pick<Task, "id" | "gates">): string[] {
  const sameKind = gates.filter(({ kind }) => (kind === "interactive_review") === (gate.kind === "interactive_review"));
  const which = sameKind.length > 1 ? ` --gate ${gate.token}` : "";
  if (gate.kind === "interactive_review")
    return [`ntro run next ${id}`, `ntro run approve ${id}${which}`, `ntro run reject ${id}${which} --reason "…"`];
  const sources = gate.sources ?? [];
  const files =
    sources.length > 1 || (sources.length === 1 && sameKind.length > 1)
      ? sources.map((source) => `--file ${source}=<path>`).join(" ")
      : "--file <path>";
  return [`ntro run submit ${id} ${files}${which}`];
}

/** The command that goes back to watching a task. */
export function resumeLine(taskId: string): string {
  return `The task goes on. Come back to it: ntro run status ${taskId} --wait`;
}
