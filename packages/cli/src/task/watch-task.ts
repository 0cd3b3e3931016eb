import type { NtroClient, Task } from "@ntro/contract";
import type { ExitCode } from "../command";
import type { Context } from "../context";
import { parseDuration } from "../duration";
import type { Output } from "../output";
import { answersTo, resumeLine } from "./answer-lines";
import { type FollowEnd, followTask, type TaskWatcher } from "./follow-task";
import { formatTask } from "./task-fields";

/** Flags of the commands that watch a task. */
export interface WatchFlags {
  readonly timeout?: string | undefined;
  readonly noWaitHuman: boolean;
}

/** Milliseconds since 1970 at which `--timeout` ends; undefined when it is absent. Throws `UsageError`. */
export function deadlineOf(flags: WatchFlags, now = Date.now()): number | undefined {
  return flags.timeout === undefined ? undefined : now + parseDuration(flags.timeout);
}

/** Watches a task, line by line on stderr, prints it at the end, and gives the exit code: completed 0, failed 1, waiting 3, timeout 4. */
export async function watchTask(
  context: Context,
  api: NtroClient,
  taskId: string,
  flags: WatchFlags,
  deadline: number | undefined,
): Promise<ExitCode> {
  const { out } = context;
  context.onInterrupt(() => ["", resumeLine(taskId)]);
  const end = await followTask(api, taskId, { deadline, stopAtPerson: flags.noWaitHuman }, narrator(out));
  if (end.task) {
    const { task } = end;
    out.data(task, () => formatTask(task, out));
  } else out.data({ id: taskId }, () => taskId);
  return conclude(end, taskId, out);
}

function conclude(end: FollowEnd, taskId: string, out: Output): ExitCode {
  if (end.outcome === "timeout") {
    out.warn(`The time given by --timeout is over. ${resumeLine(taskId)}`);
    return 4;
  }
  if (end.outcome === "waiting") {
    if (end.task.gates.length === 0) return 1;
    out.warn(`The task waits for a person. ${resumeLine(taskId)}`);
    return 3;
  }
  if (end.task.status === "COMPLETED") {
    out.success("The task is completed.");
    return 0;
  }
  const { failure } = end.task;
  out.say(
    `${out.colourOfMessages.red("✗")} The task failed${failure ? ` (${failure.type}): ${failure.message}` : "."}`,
  );
  return 1;
}

/** Tells what changes from one look at a task to the next. */
function narrator(out: Output): TaskWatcher {
  const told = { steps: new Map<string, string>(), gates: new Set<string>(), failing: undefined as string | undefined };
  return {
    seen(task) {
      for (const step of task.steps) {
        if (told.steps.get(step.id) === step.status) continue;
        told.steps.set(step.id, step.status);
        const line = stepLine(step, out);
        if (line) out.say(line);
      }
      for (const gate of task.gates.filter(({ token }) => !told.gates.has(token))) {
        told.gates.add(gate.token);
        out.say(`  ${out.colourOfMessages.yellow("⏸")} waits for: ${gate.title}`);
        for (const line of answersTo(gate, task)) out.say(`      ${line}`);
      }
      const failing = task.status === "BLOCKED" ? task.failure?.message : undefined;
      if (failing !== undefined && failing !== told.failing)
        out.warn(
          `The runbook's code is failing: ${failing}. Deploy corrected code, then: ntro run repair ${task.id} --to <version>`,
        );
      told.failing = failing;
    },
    lost: () => out.warn("The connection is lost, reconnecting…"),
    back: () => out.say("  connected again"),
  };
}

function stepLine(step: Task["steps"][number], { colourOfMessages: colour }: Output): string | undefined {
  switch (step.status) {
    case "COMPLETED":
      return `  ${colour.green("✓")} ${step.name}`;
    case "FAILED":
      return `  ${colour.red("✗")} ${step.name}`;
    case "IN_PROGRESS":
      return `  ${colour.cyan("→")} ${step.name}`;
    default:
      return undefined;
  }
}
