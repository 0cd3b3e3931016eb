import type { Preview, RevisionRef, StartParam, WorkflowMove } from "@ntro/contract";
import type { createColors } from "picocolors";
import { printable } from "../output";
import { revisionText } from "../versions/named-revision";

type Colours = ReturnType<typeof createColors>;

/** How many tasks are named one by one. */
const NAMED_TASKS = 10;

/** What would change, part by part; a part where nothing changes says so in one line. */
export function previewText(preview: Preview, colour: Colours): string {
  const { base, files, steps, startParams } = preview;
  const against = base ? `against ${revisionText(base)}` : "all new: no version of it serves yet";
  const marks = {
    added: colour.green("+"),
    changed: colour.yellow("~"),
    removed: colour.red("-"),
    moved: colour.yellow("~"),
  };
  const part = (title: string, lines: readonly string[], none: string) =>
    lines.length > 0 ? [colour.bold(title), ...lines.map((line) => `  ${line}`)] : [`${colour.bold(title)}  ${none}`];
  const marked = (change: keyof typeof marks, text: string) => `${marks[change]} ${printable(text)}`;
  const same = "no difference";
  return [
    ...part(
      `Files, ${against}`,
      files.map(({ path, change }) => marked(change, path)),
      same,
    ),
    ...part(
      "Steps",
      steps.map((step) => marked(step.change, stepText(step))),
      same,
    ),
    ...part(
      "Start parameters",
      startParams.map((param) => marked(param.change, paramText(param, base !== null))),
      same,
    ),
    ...part("Workflow", bindingLines(preview).map(printable), "nothing is bound"),
    ...part("Current version", [currentText(preview.current)], ""),
    ...part("Workflows that follow", preview.follow.map(moveText).map(printable), "none"),
    ...part("Workflows that stay", preview.stay.map(stayText).map(printable), "none"),
    ...part("Open tasks, which finish on their own code", taskLines(preview).map(printable), "none"),
  ].join("\n");
}

function stepText({ id, change, before, after }: Preview["steps"][number]): string {
  if (change === "changed") return `${id}: "${before?.title}" becomes "${after?.title}"`;
  return `${id}: "${(after ?? before)?.title}"${change === "moved" ? " comes at another place" : ""}`;
}

/** @param asked whether somebody starts it without the parameter today */
function paramText({ key, newlyRequired, before, after }: Preview["startParams"][number], asked: boolean): string {
  const needed = newlyRequired && asked ? "  has to be given from now on" : "";
  if (!before) return `${key}: ${described(after)}${needed}`;
  if (!after) return `${key}: ${described(before)}`;
  const [was, is] = [described(before), described(after)];
  return was === is ? `${key}: ${was}, described otherwise` : `${key}: ${was} becomes ${is}${needed}`;
}

/** A parameter in a few words: type, choices, whether it is needed. */
function described(param: StartParam | null): string {
  if (!param) return "none";
  const choices = param.enum ? ` of ${param.enum.map(String).join("|")}` : "";
  const pattern = param.pattern ? ` like ${param.pattern}` : "";
  const given = param.required
    ? "required"
    : param.default === undefined || param.default === null
      ? "optional"
      : `default ${JSON.stringify(param.default)}`;
  return `${param.type}${choices}${pattern}, ${given}`;
}

function bindingLines({ binding }: Preview): string[] {
  if (!binding) return [];
  if (binding.created) return ["it would be made"];
  if (binding.changes.length === 0) return ["nothing about it changes"];
  return binding.changes.map(({ field, before, after }) => `${field}: ${before ?? "none"} → ${after ?? "none"}`);
}

function currentText({ before, after }: Preview["current"]): string {
  if (before?.digest === after?.digest) return `stays ${shown(after)}`;
  return `${shown(before)} → ${shown(after)}`;
}

function moveText(move: WorkflowMove): string {
  return `${nameOf(move)}: ${shown(move.before)} → ${shown(move.after)}${move.pin === null ? "" : ` (pinned to ${move.pin})`}`;
}

function stayText(move: WorkflowMove): string {
  return `${nameOf(move)}: ${shown(move.after)}${move.pin === null ? ", which is current" : ` (pinned to ${move.pin})`}`;
}

function nameOf({ id, name, entity }: WorkflowMove): string {
  return `${entity}${name === null ? "" : ` "${name}"`}${id === null ? ", new" : ""}`;
}

function taskLines({ openTasks, openTaskCount }: Preview): string[] {
  const lines = openTasks
    .slice(0, NAMED_TASKS)
    .map(
      ({ id, title, as, ...revision }) =>
        `${id}  ${revisionText(revision)}${as === "child" ? " as a child" : ""}  ${title}`,
    );
  return openTaskCount > NAMED_TASKS ? [...lines, `and ${openTaskCount - NAMED_TASKS} more`] : lines;
}

function shown(revision: RevisionRef | null): string {
  return revision ? revisionText(revision) : "none";
}
