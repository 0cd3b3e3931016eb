import type { StartParam } from "@ntro/contract";
import { defineCommand } from "../command";
import { tenantOption } from "./scope-options";

export const runbookInfo = defineCommand({
  name: "info",
  summary: "Show a runbook: its steps and start parameters",
  examples: ["ntro runbook info nav-monthly --tenant acme-fund"],
  arguments: { slug: { help: "The runbook's slug" } },
  options: { tenant: tenantOption },
  async run({ client, out, tenantIfAny }, { args, options }) {
    const { formatRecord, formatTable } = await import("../output");
    const tenant = await tenantIfAny(options.tenant);
    const api = await client();
    const runbook = await api.call("runbooks.get", { params: { slug: args.slug }, query: { tenant } });
    out.data(runbook, () =>
      [
        formatRecord(
          [
            ["slug", runbook.slug],
            ["name", runbook.name],
            ["version", runbook.version],
            ["description", runbook.description],
            ["classification", runbook.classification],
            ["author", runbook.author],
            ["tags", runbook.tags.join(", ")],
            ["jurisdictions", runbook.jurisdictions.join(", ")],
          ],
          out.colour,
        ),
        "",
        formatTable(
          runbook.steps,
          [
            { title: "STEP", value: (step) => step.id },
            { title: "TITLE", value: (step) => step.label },
            { title: "DESCRIPTION", value: (step) => step.description },
          ],
          out.colour,
        ),
        "",
        formatTable(
          runbook.startParams,
          [
            { title: "PARAMETER", value: (param) => param.key },
            { title: "TYPE", value: (param) => param.type },
            { title: "NEEDED", value: (param) => (param.required ? "yes" : `no${defaultOf(param)}`) },
            { title: "DESCRIPTION", value: (param) => param.description },
          ],
          out.colour,
        ),
      ].join("\n"),
    );
    return 0;
  },
});

function defaultOf(param: StartParam): string {
  return param.default === undefined || param.default === null ? "" : `, ${JSON.stringify(param.default)}`;
}
