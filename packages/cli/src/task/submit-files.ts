import { openAsBlob, statSync } from "node:fs";
import { basename, resolve } from "node:path";
import { type FileSlot, type NextStep, NtroError, type OpenGate, type SubmitFileAnswer } from "@ntro/contract";
import type { Context } from "../context";
import { UsageError } from "../usage-error";
import { notOpen, openGates } from "./open-review";

/** What `run submit` was asked for. */
export interface SubmitFlags {
  readonly file: readonly string[];
  readonly source?: string | undefined;
  readonly gate?: string | undefined;
}

/** A file as it was typed, found on disk. */
export interface TypedFile {
  readonly path: string;
  readonly name: string;
  readonly source: string | undefined;
  readonly bytes: number;
}

/** Something the task waits for, by gate and source. */
interface Wanted {
  readonly gate: OpenGate;
  /** Undefined where the gate does not describe its files. */
  readonly slot: FileSlot | undefined;
}

/** Submits files one after the other, each at the gate that waits for it; all are matched before the first is sent. */
export async function submitFiles(context: Context, taskId: string, flags: SubmitFlags): Promise<0> {
  const { out } = context;
  const files = readTypedFiles(flags, context.terminal.cwd);
  const api = await context.client();
  const next = await api.call("tasks.nextStep", { params: { id: taskId } });
  const matched = matchFiles(next, taskId, files, flags.gate);
  const answers: SubmitFileAnswer[] = [];
  context.onInterrupt(() => ["", `What was submitted stays. See what is still waited for: ntro run next ${taskId}`]);
  for (const { file, wanted } of matched) {
    const source = wanted.slot?.source ?? file.source;
    const content = await openAsBlob(file.path);
    const answer = await api.submitFile(taskId, { name: file.name, content, source, gate: wanted.gate.token });
    out.success(`${file.name} is submitted as ${answer.document.source}.`);
    answers.push(answer);
  }
  // Not the task: it was answered before its code took the file.
  out.list(answers, [
    { title: "SOURCE", value: ({ document }) => document.source },
    { title: "FILE", value: ({ document }) => document.filename },
    { title: "BYTES", align: "right", value: ({ document }) => document.size_bytes },
    { title: "SHA256", value: ({ document }) => document.sha256 },
  ]);
  out.say(`Watch it go on: ntro run status ${taskId} --wait`);
  return 0;
}

/** The files of `--file` (`path` or `source=path`) and `--source`. Throws {@link UsageError} for what is not there. */
export function readTypedFiles(flags: Pick<SubmitFlags, "file" | "source">, cwd: string): TypedFile[] {
  if (flags.source !== undefined && flags.file.length > 1)
    throw new UsageError("--source goes with one file.", "With several, type --file source=path for each.");
  return flags.file.map((typed) => {
    const whole = statSync(resolve(cwd, typed), { throwIfNoEntry: false });
    const [, named, rest] = /^([A-Za-z0-9][\w.-]*)=(.+)$/.exec(typed) ?? [];
    // A file whose own name holds `=` is taken as it is.
    const [source, path] = whole || !named || !rest ? [undefined, typed] : [named, rest];
    const file = resolve(cwd, path);
    const found = statSync(file, { throwIfNoEntry: false });
    const hint = "Give the path of the file to submit: --file [<source>=]<path>.";
    if (!found) throw new UsageError(`There is no file ${path}.`, hint);
    if (!found.isFile()) throw new UsageError(`${path} is not a file.`, hint);
    return { path: file, name: basename(file), source: source ?? flags.source, bytes: found.size };
  });
}

function matchFiles(next: NextStep, taskId: string, files: readonly TypedFile[], gate: string | undefined) {
  const wanted = openGates(next)
    .filter((open) => open.kind !== "interactive_review" && (gate === undefined || open.token === gate))
    .flatMap((open): Wanted[] =>
      open.slots?.length
        ? open.slots.filter(({ status }) => status === "pending").map((slot) => ({ gate: open, slot }))
        : [{ gate: open, slot: undefined }],
    );
  if (wanted.length === 0) throw notOpen(next, taskId, gate === undefined ? "a file" : `a file at gate ${gate}`);
  const taken = new Set<Wanted>();
  return files.map((file) => {
    const match = chooseSlot(
      file,
      wanted.filter((each) => !taken.has(each)),
      wanted,
    );
    taken.add(match);
    checkSize(file, match);
    return { file, wanted: match };
  });
}

function chooseSlot(file: TypedFile, left: readonly Wanted[], all: readonly Wanted[]): Wanted {
  const fitting =
    file.source === undefined ? left : left.filter(({ slot }) => slot === undefined || slot.source === file.source);
  const [only, ...others] = fitting;
  if (only && others.length === 0) return only;
  const sources = all.map(({ gate, slot }) => `${slot?.source ?? "file"} (gate ${gate.token})`).join(", ");
  if (only)
    throw new NtroError("GATE_AMBIGUOUS", `The task waits for several files: ${sources}.`, {
      hint:
        file.source === undefined ? `Say what ${file.name} is: --file <source>=${file.name}` : "Say which with --gate.",
    });
  throw new UsageError(
    file.source === undefined
      ? `There are more files than the task waits for.`
      : `The task does not wait for "${file.source}".`,
    `It waits for: ${sources}.`,
  );
}

/** Spares the upload of what the server would refuse. */
function checkSize(file: TypedFile, { slot }: Wanted): void {
  if (file.bytes === 0)
    throw new NtroError("FILE_EMPTY", `${file.name} has no bytes; nothing was sent.`, {
      hint: "Check that it was saved, and submit it again.",
    });
  if (slot && file.bytes > slot.max_size_mb * 1024 * 1024)
    throw new NtroError(
      "FILE_TOO_LARGE",
      `${file.name} has ${(file.bytes / 1024 / 1024).toFixed(1)} MB; ${slot.source} takes at most ${slot.max_size_mb} MB. Nothing was sent.`,
      { hint: "Submit a smaller file, such as only the period that is asked for." },
    );
}
