import type { NamedRevision, Repair, RepairCheck } from "@ntro/contract";
import { formatRecord, formatTable, type Output } from "../output";

type Unfit = Extract<RepairCheck, { status: "unfit" }>;

/** A revision as a line names it. */
export function revisionText({ version, digest }: Pick<NamedRevision, "version" | "digest">): string {
  return `${version}+${digest.slice(0, 12)}`;
}

/** What was tried, with what came of it; under that, each history that does not fit, with the place where it differs. */
export function formatRepair(repair: Repair, { colour }: Pick<Output, "colour">): string {
  const several = new Set(repair.checks.map(({ taskId }) => taskId)).size > 1 || repair.taskId === null;
  const table = formatTable(
    repair.checks,
    [
      { title: several ? "TASK" : "EXECUTION", value: (check) => (several ? check.workflowId : executionText(check)) },
      { title: "RUNBOOK", value: (check) => check.from.slug },
      { title: "RUNS", value: (check) => revisionText(check.from) },
      { title: "TO", value: (check) => revisionText(check.to) },
      { title: "RESULT", value: resultText },
    ],
    colour,
  );
  const later = repair.laterChildren.map(({ slug, from, to }) => [
    slug,
    `${from ? revisionText(from) : "not there before"} → ${revisionText(to)}`,
  ]);
  return [
    ...(repair.checks.length > 0 || later.length === 0 ? [table] : []),
    ...repair.checks.flatMap((check) => (check.status === "unfit" ? [formatUnfit(check, several, colour)] : [])),
    ...repair.checks.flatMap((check) =>
      check.status === "failed" ? [`${several ? check.workflowId : executionText(check)}: ${check.message}`] : [],
    ),
    ...(later.length > 0
      ? [`${colour.dim("children started later")}\n${formatRecord(later as [string, string][], colour)}`]
      : []),
  ].join("\n\n");
}

function executionText({ workflowId, taskId }: RepairCheck): string {
  return workflowId === taskId ? "the task" : workflowId.slice(taskId.length + 1);
}

function resultText(check: RepairCheck): string {
  switch (check.status) {
    case "waiting":
      return "not tried yet";
    case "same":
      return "runs it already";
    case "fits":
      return `fits (${check.events} events)`;
    case "unfit":
      return "does not fit";
    case "failed":
      return "could not be tried";
  }
}

function formatUnfit(check: Unfit, several: boolean, colour: Output["colour"]): string {
  const { frame, step } = check;
  const fields: [string, unknown][] = [
    ["step", step && `${step.title} (${step.id})`],
    ["event", check.eventId === null ? null : `${check.eventId} ${check.eventType ?? ""}`.trimEnd()],
    ["code", frame && `${frame.path}:${frame.line}${frame.source === null ? "" : `\n${frame.source}`}`],
    ["differs", check.message],
  ];
  const what = several ? `${check.workflowId} (${check.title})` : executionText(check);
  return `${colour.bold(what)} does not fit ${check.to.slug}@${check.to.version}\n${formatRecord(fields, colour)}`;
}

/** What it comes to in one sentence, and what to type next. `untried`: nobody could say. */
export function repairSummary(repair: Repair): {
  readonly verdict: "yes" | "no" | "untried";
  readonly text: string;
  readonly next: readonly string[];
} {
  const { status, checks, taskId } = repair;
  const count = (wanted: RepairCheck["status"]) => checks.filter((check) => check.status === wanted).length;
  if (status === "applied") return { verdict: "yes", text: appliedText(repair), next: [`ntro run status ${taskId}`] };
  if (status === "failed")
    return {
      verdict: "untried",
      text: `${repair.message ?? "It could not be tried."} Nothing changed.`,
      next: ["ntro status"],
    };
  if (status === "refused")
    return {
      verdict: "no",
      text: "The history does not fit. Nothing changed: the task goes on with the code it had.",
      next: [
        "Correct the new version so that it does the same up to where the task stands, deploy it, then repair to that.",
      ],
    };
  if (count("unfit") > 0)
    return {
      verdict: "no",
      text: `${count("unfit")} of ${checks.length} would not fit. Nothing was changed.`,
      next: [],
    };
  if (count("failed") > 0)
    return { verdict: "untried", text: `${count("failed")} of ${checks.length} could not be tried.`, next: [] };
  if (checks.length === 0 && repair.laterChildren.length === 0)
    return { verdict: "yes", text: "No task of it is open.", next: [] };
  if (count("same") === checks.length && repair.laterChildren.length === 0)
    return { verdict: "yes", text: "It runs this code already; there is nothing to repair.", next: [] };
  return {
    verdict: "yes",
    text: "It would fit. Nothing was changed.",
    next: ["Leave out --check to repair it."].slice(taskId ? 0 : 1),
  };
}

function appliedText({ checks, laterChildren }: Repair): string {
  const [first] = checks.filter(({ status }) => status === "fits");
  const more = checks.filter(({ status }) => status === "fits").length - 1;
  if (first) {
    const who = first.workflowId === first.taskId ? "The task" : `The child ${first.to.slug}`;
    return `${who} goes on with ${first.to.slug}@${first.to.version}${more > 0 ? `, and ${more} more with theirs` : ""}.`;
  }
  return `Children that start from now on: ${laterChildren.map(({ slug, to }) => `${slug}@${to.version}`).join(", ")}.`;
}
