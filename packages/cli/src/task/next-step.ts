import type { NextStep, OpenGate } from "@ntro/contract";
import { Checks, Feedback } from "@ntro/contract";
import { formatRecord, type Output, printable } from "../output";
import { answersTo } from "./answer-lines";
import { formatReview } from "./review-view";

type Colour = Output["colour"];

/** What a task waits for, as text of at most `columns` columns: every open gate with its table, checks, feedback and the commands that answer. */
export function formatNextStep(next: NextStep, taskId: string, colour: Colour, columns: number): string {
  switch (next.action) {
    case "wait":
      return `The task waits for nobody: ${printable(next.reason ?? "it is working")}\nSee it: ntro run status ${taskId}`;
    case "done":
      return formatRecord(
        [
          ["done", "the task is completed"],
          ["result", next.result],
        ],
        colour,
      );
    case "error_terminal":
      return formatRecord(
        [
          ["failed", next.failure.type],
          ["message", next.failure.message],
          ["activity", next.failure.activityName],
        ],
        colour,
      );
    case "unknown":
      return "What the task waits for is not known.";
    case "submit_file":
    case "review":
      return next.gates.map((gate) => formatGate(gate, next, taskId, colour, columns)).join("\n\n");
  }
}

type Waiting = Extract<NextStep, { action: "submit_file" | "review" }>;

function formatGate(gate: OpenGate, next: Waiting, taskId: string, colour: Colour, columns: number): string {
  const parts = [
    `${colour.bold(printable(gate.title))}\n${formatRecord(
      [
        ["step", gate.step_id],
        ["gate", gate.token],
        ["since", gate.opened_at],
        ["until", gate.due_at],
        ["reason", gate.action.reason === gate.title ? null : gate.action.reason],
      ],
      colour,
    )}`,
  ];
  if (gate.kind === "interactive_review") {
    parts.push(formatReview(gate, colour, columns));
    const checks = Checks.safeParse(
      gate.action.checks ?? (next.gate === gate.token && "checks" in next ? next.checks : undefined),
    );
    if (checks.success) parts.push(formatChecks(checks.data, colour));
  } else parts.push(formatSlots(gate));
  const feedback = Feedback.safeParse(
    gate.action.feedback ?? (next.gate === gate.token && "feedback" in next ? next.feedback : undefined),
  );
  if (feedback.success) parts.push(formatFeedback(feedback.data, colour));
  parts.push(commandsFor(gate, next, taskId));
  return parts.filter((part) => part !== "").join("\n\n");
}

function formatChecks(checks: Checks, colour: Colour): string {
  const mark = {
    pass: colour.green("✓"),
    warn: colour.yellow("!"),
    fail: colour.red("✗"),
    running: "…",
    skipped: "-",
  };
  const items = checks.items.map((item) => {
    const detail = item.detail ?? item.feedback;
    return `  ${mark[item.status]} ${printable(item.title)}${detail ? `: ${printable(detail)}` : ""}`;
  });
  return [`checks: ${printable(checks.summary || checks.status)}`, ...items].join("\n");
}

function formatFeedback({ level, payload }: Feedback, colour: Colour): string {
  const message =
    typeof payload === "string"
      ? payload
      : typeof payload === "object" && payload !== null && "message" in payload && typeof payload.message === "string"
        ? payload.message
        : JSON.stringify(payload);
  const paint = { info: colour.cyan, warning: colour.yellow, error: colour.red }[level];
  return `${paint(level)}: ${printable(message)}`;
}

function formatSlots(gate: OpenGate): string {
  return (gate.slots ?? [])
    .map((slot) => {
      const types = slot.accept.length > 0 ? slot.accept.map((type) => `.${type}`).join(", ") : "any type";
      const toCome = `to come: ${types}, at most ${slot.max_size_mb} MB`;
      const state = { pending: toCome, processing: "being worked on", completed: "submitted", failed: "failed" }[
        slot.status
      ];
      return `  ${slot.source}${slot.title ? ` (${printable(slot.title)})` : ""}: ${state}`;
    })
    .join("\n");
}

function commandsFor(gate: OpenGate, next: Waiting, taskId: string): string {
  const summaries = next.gates.map((each) => ({
    token: each.token,
    workflow_id: next.task_id,
    kind: each.kind,
    step_id: each.step_id,
    component: each.action.display_hint?.component ?? "",
    title: each.title,
    opened_at: each.opened_at,
    sources: (each.slots ?? []).filter(({ status }) => status === "pending").map(({ source }) => source),
  }));
  const own = summaries.find(({ token }) => token === gate.token);
  // Nothing is to come any more: the runbooks that the files are for work on them.
  if (!own || (gate.slots !== undefined && gate.kind !== "interactive_review" && own.sources.length === 0)) return "";
  return answersTo(own, { id: taskId, gates: summaries })
    .filter((line) => !line.startsWith("ntro run next"))
    .join("\n");
}
