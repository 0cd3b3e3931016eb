import {
  ApplicationFailure,
  condition,
  defineQuery,
  defineUpdate,
  executeChild,
  setHandler,
  uuid4,
  workflowInfo,
} from "@temporalio/workflow";

/** One thing that the scripted workflow does; `review` and `files` wait for people. */
export type ScriptLine =
  | {
      readonly do: "review";
      readonly title: string;
      readonly rows?: Record<string, unknown>[];
      readonly columns?: object[];
    }
  | {
      readonly do: "files";
      readonly sources: readonly string[];
      readonly accept?: readonly string[];
      readonly maxSizeMb?: number;
    }
  | { readonly do: "together"; readonly lines: readonly ScriptLine[] }
  | {
      readonly do: "child";
      readonly slug: string;
      readonly type: string;
      readonly queue: string;
      readonly script: readonly ScriptLine[];
    }
  /** One child for each source, which asks for its file itself; the list of all is shown meanwhile. */
  | {
      readonly do: "collect";
      readonly sources: readonly string[];
      readonly type: string;
      readonly queue: string;
      /** What each child does once it has its file. */
      readonly after: readonly ScriptLine[];
    }
  | { readonly do: "fail"; readonly message: string }
  | { readonly do: "bug" }
  | { readonly do: "refuse answers"; readonly title: string }
  /** Takes rows of a kind as data until some have come. */
  | { readonly do: "rows"; readonly kind: string };

interface Gate {
  token: string;
  kind: "interactive_review" | "submit_file" | "submit_files";
  step_id: string;
  opened_at: string;
  title: string;
  reason_required: boolean;
  slots?: { source: string; title: string; accept: string[]; max_size_mb: number; status: "pending" | "completed" }[];
  action: Record<string, unknown>;
}
interface Answer {
  gate: string;
  source?: string;
}

/**
 * Runs whatever script its input holds and speaks the protocol as hosts do: query `ntro_state`, updates `ntro_decide`, `ntro_submit` and
 * `ntro_row_action`. Returns every answer it was given.
 */
export default async function scripted(input: { script?: readonly ScriptLine[] }): Promise<unknown> {
  const open: Gate[] = [];
  const children: { workflow_id: string; slug: string; step_id: string; status: "running" | "completed" | "failed" }[] =
    [];
  const answers: unknown[] = [];
  let seq = 0;

  const find = (answer: Answer): Gate => {
    const gate = open.find((candidate) => candidate.token === answer.gate);
    if (gate) return gate;
    throw ApplicationFailure.create({ type: "GATE_NOT_OPEN", message: "This gate is not open.", nonRetryable: true });
  };
  const close = (gate: Gate) => {
    open.splice(open.indexOf(gate), 1);
    seq++;
  };
  const serve = (name: string, apply: (gate: Gate, answer: Answer) => void) =>
    setHandler(
      defineUpdate<unknown, [Answer]>(name),
      (answer) => {
        apply(find(answer), answer);
        answers.push(answer);
        return { accepted: true };
      },
      {
        validator: (answer) => {
          if (find(answer).title === "refuse answers")
            throw ApplicationFailure.create({ type: "CORRECTION_REFUSED", message: "No.", nonRetryable: true });
        },
      },
    );
  setHandler(defineQuery("ntro_state"), () => ({
    seq,
    steps: [{ id: "work", title: "Work", status: "active", started_at: workflowInfo().startTime.toISOString() }],
    current_step: "work",
    gates: open,
    children,
    feedback: null,
    snapshots:
      answers.length > 0 ? { work: { display_hint: { component: "SUMMARY", config: {} }, completed_at: "" } } : {},
  }));
  serve("ntro_decide", close);
  serve("ntro_row_action", () => void seq++);
  serve("ntro_submit", (gate, answer) => {
    const slot = gate.slots?.find((candidate) => candidate.source === answer.source && candidate.status === "pending");
    if (!slot)
      throw ApplicationFailure.create({ type: "GATE_NOT_OPEN", message: "Not asked for.", nonRetryable: true });
    slot.status = "completed";
    seq++;
    if (gate.slots?.every((candidate) => candidate.status === "completed")) close(gate);
  });

  const takeRows = async (kind: string) => {
    let came = false;
    setHandler(
      defineUpdate<unknown, [{ records: { kind: string | null }[] }]>("ntro_ingest"),
      (update) => {
        answers.push(update);
        came = true;
        return { accepted: true };
      },
      {
        validator: ({ records }) => {
          if (records.some((record: { kind: string | null }) => record.kind !== kind))
            throw ApplicationFailure.create({ type: "DATA_NOT_TAKEN", message: `Only ${kind}.`, nonRetryable: true });
        },
      },
    );
    await condition(() => came);
  };
  const wait = async (gate: Omit<Gate, "token" | "step_id" | "opened_at">) => {
    const opened = { token: uuid4(), step_id: "work", opened_at: new Date().toISOString(), ...gate };
    open.push(opened);
    seq++;
    await condition(() => !open.includes(opened));
  };
  const collect = async (line: Extract<ScriptLine, { do: "collect" }>) => {
    const idOf = (source: string) => `${workflowInfo().workflowId}:work:ingest:${source}`;
    const expected = line.sources.map((source) => ({
      source,
      status: "pending",
      args: { source, signal_task_id: idOf(source), signal_name: "document_submitted" },
    }));
    open.push({
      token: uuid4(),
      kind: "submit_files",
      step_id: "work",
      opened_at: new Date().toISOString(),
      title: "Upload sources",
      reason_required: false,
      action: {
        kind: "submit_files",
        display_hint: { component: "MULTI_FILE_UPLOAD", config: { expected } },
      },
    });
    const ids = line.sources.map(async (source) => {
      const child = { workflow_id: idOf(source), slug: "ingest", step_id: "work", status: "running" as const };
      children.push(child);
      seq++;
      await executeChild(line.type, {
        workflowId: child.workflow_id,
        taskQueue: line.queue,
        args: [{ script: [{ do: "files", sources: [source], accept: ["csv"] }, ...line.after] }],
      });
      children.splice(children.indexOf(child), 1, { ...child, status: "completed" });
      seq++;
    });
    await Promise.all(ids);
    open.shift();
    seq++;
  };
  const run = async (line: ScriptLine): Promise<void> => {
    switch (line.do) {
      case "review":
      case "refuse answers":
        return wait({
          kind: "interactive_review",
          title: line.do === "review" ? line.title : "refuse answers",
          reason_required: true,
          action: {
            kind: "interactive_review",
            reason: line.title,
            display_hint: {
              component: "DATA_TABLE",
              config: {
                datasets: [{ key: "rows", data_key: "rows", columns: (line.do === "review" && line.columns) || [] }],
              },
            },
            payload: { rows: (line.do === "review" && line.rows) || [] },
          },
        });
      case "files": {
        const slots = line.sources.map((source) => ({
          source,
          title: source,
          accept: [...(line.accept ?? [])],
          max_size_mb: line.maxSizeMb ?? 25,
          status: "pending" as const,
        }));
        const kind = slots.length === 1 ? "submit_file" : "submit_files";
        return wait({
          kind,
          title: `Submit ${line.sources.join(", ")}`,
          reason_required: false,
          slots,
          action: { kind, args: {} },
        });
      }
      case "together":
        await Promise.all(line.lines.map(run));
        return;
      case "child": {
        const child = {
          workflow_id: `${workflowInfo().workflowId}:work:${line.slug}`,
          slug: line.slug,
          step_id: "work",
          status: "running" as const,
        };
        children.push(child);
        seq++;
        await executeChild(line.type, {
          workflowId: child.workflow_id,
          taskQueue: line.queue,
          args: [{ script: line.script }],
        });
        children.splice(children.indexOf(child), 1, { ...child, status: "completed" });
        seq++;
        return;
      }
      case "rows":
        return takeRows(line.kind);
      case "collect":
        return collect(line);
      case "fail":
        throw ApplicationFailure.nonRetryable(line.message, "RunbookFailure");
      case "bug":
        throw new Error("a bug in workflow code");
    }
  };
  for (const line of input.script ?? []) await run(line);
  return { answers };
}
