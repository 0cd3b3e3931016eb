import { defineCommand } from "../command";
import { taskArgument } from "./task-argument";

export const runIngest = defineCommand({
  name: "ingest",
  summary: "Give a task rows as data, where its runbook takes them",
  examples: [
    "ntro run ingest 3f0c5b1e-6a51-4c0e-9d1a-2f4f6f3a9b7d --kind expense --data @rows.json",
    `ntro run ingest 3f0c5b1e-6a51-4c0e-9d1a-2f4f6f3a9b7d --kind expense --data '{"vendor": "Acme", "amount": "12.50"}'`,
  ],
  notes: "At most 1,000 rows and 1 MiB at a time. Rows that the runbook refuses are not kept.",
  arguments: taskArgument,
  options: {
    kind: { value: "kind", help: "What the rows are, as the runbook calls it" },
    data: { value: "json", required: true, help: "One object or an array of them, inline or @file" },
    sourceRef: { value: "json", help: "Where they come from: an object, inline or @file" },
  },
  async run({ client, out, terminal }, { args, options }) {
    const { IngestData } = await import("@ntro/contract");
    const { checkBody, readJson, readJsonArgument } = await import("../json-argument");
    const body = checkBody(
      IngestData,
      {},
      {
        kind: options.kind,
        data: readJson(options.data, "--data", terminal.cwd),
        source_ref: options.sourceRef && readJsonArgument(options.sourceRef, terminal.cwd, "--source-ref"),
      },
    );
    const api = await client();
    const { event_ids } = await api.call("tasks.ingestData", { params: { id: args.task }, body });
    out.success(`${event_ids.length === 1 ? "1 row is" : `${event_ids.length} rows are`} with the runbook.`);
    out.say(`Watch it go on: ntro run status ${args.task} --wait`);
    out.data({ event_ids }, () => event_ids.join("\n"));
    return 0;
  },
});
