import type { Task } from "@ntro/contract";
import { type Column, formatRecord, formatTable, type Output } from "../output";
import { age } from "../times";
import { answerLines } from "./answer-lines";
import { revisionText } from "./repair-view";

/** A task as its panel shows it. */
function taskFields(task: Task): (readonly [string, unknown])[] {
  return [
    ["task", task.id],
    ["title", task.title],
    ["status", statusText(task)],
    ["runbook", `${task.runbookSlug}@${task.runbookVersion}`],
    ["digest", task.digest],
    ["tenant", task.tenantSlug],
    ["entity", task.entitySlug],
    ["parameters", Object.keys(task.context).length > 0 ? task.context : null],
    ["priority", task.priority],
    ["due", task.dueDate],
    ["started", task.createdAt],
    ["updated", task.updatedAt],
    ["open in", task.links?.workflow_ui],
  ];
}

/** Status and, where it says more, what kind of failure or wait it is. */
function statusText(task: Task): string {
  if (task.failure) return `${task.status} (${task.failure.type})`;
  return task.gates.length > 0 ? `${task.status}, waiting for a person` : task.status;
}

/** The whole of a task: panel, steps, what it waits for, how it failed, what it gave. */
export function formatTask(task: Task, { colour }: Pick<Output, "colour">): string {
  const steps = formatTable(
    task.steps,
    [
      { title: "STEP", value: (step) => step.id },
      { title: "TITLE", value: (step) => step.name },
      { title: "STATUS", value: (step) => step.status },
    ],
    colour,
  );
  const parts = [formatRecord(taskFields(task), colour)];
  if (task.steps.length > 0) parts.push(steps);
  const code = codeLines(task);
  if (code.length > 0) parts.push(formatRecord(code, colour));
  if (task.gates.length > 0) parts.push(answerLines(task).join("\n"));
  if (task.failure)
    parts.push(
      formatRecord(
        [
          ["failure", task.failure.type],
          ["message", task.failure.message],
          ["activity", task.failure.activityName],
          ["where", task.failure.stackTrace],
        ],
        colour,
      ),
    );
  const retried = retriedActivities(task);
  if (retried.length > 0) parts.push(formatRecord(retried, colour));
  if (task.failure && task.status === "BLOCKED")
    parts.push(
      `It goes on only with other code. Deploy a corrected version, then: ntro run repair ${task.id} --to <version>\nOr cancel it: ntro run cancel ${task.id}`,
    );
  if (task.result !== undefined && task.result !== null) parts.push(formatResult(task.result, colour));
  return parts.join("\n\n");
}

/** What code the task and its children go on with, once that is not simply what the task started with. */
function codeLines(task: Task): (readonly [string, string])[] {
  const code = task.code ?? [];
  if (!code.some(({ repaired }) => repaired)) return [];
  return code.map(({ workflowId, code: now, repaired }) => {
    const who = workflowId === task.id ? "goes on with" : workflowId.slice(task.id.length + 1);
    const since = repaired
      ? `, repaired from ${revisionText(repaired.from)} by ${repaired.by} at ${repaired.at}${repaired.reason ? `: ${repaired.reason}` : ""}`
      : "";
    return [who, `${now.slug}@${revisionText(now)}${since}`];
  });
}

/** Activities that have failed and are tried again: a bug among them would otherwise show nowhere. */
function retriedActivities(task: Task): (readonly [string, string])[] {
  return task.executionEvents.flatMap(({ eventType, activityName, failureMessage }) =>
    eventType === "ActivityTaskScheduled" && failureMessage ? [[activityName ?? "activity", failureMessage]] : [],
  );
}

function formatResult(result: unknown, colour: Output["colour"]): string {
  if (typeof result !== "object" || result === null || Array.isArray(result))
    return formatRecord([["result", typeof result === "string" ? result : JSON.stringify(result, null, 2)]], colour);
  const fields = Object.entries(result).map(([key, value]) => [key, value] as const);
  return `${colour.dim("result")}\n${formatRecord(fields, colour)}`;
}

/** The columns of lists of tasks. */
export const taskColumns: readonly Column<Task>[] = [
  { title: "TASK", value: (task) => task.id },
  { title: "TITLE", value: (task) => task.title },
  { title: "STATUS", value: statusText },
  { title: "WAITS FOR", value: (task) => task.gates.map(({ title }) => title).join("; ") },
  { title: "TENANT", value: (task) => task.tenantSlug },
  { title: "ENTITY", value: (task) => task.entitySlug },
  { title: "AGE", align: "right", value: (task) => age(task.createdAt) },
];
