import { defineCommand } from "../command";
import { entityOption, tenantOption } from "./scope-options";

export const workflowInfo = defineCommand({
  name: "info",
  summary: "Show a workflow and when it fires next",
  examples: ["ntro workflow info nav-monthly --tenant acme-fund --entity acme-spv1"],
  arguments: { workflow: { help: "Id, name or runbook slug" } },
  options: { tenant: tenantOption, entity: entityOption },
  async run(context, { args, options }) {
    const { findWorkflow } = await import("../find-workflow");
    const { workflowFields } = await import("../workflow-fields");
    const workflow = await findWorkflow(context, args.workflow, options);
    context.out.record(workflow, workflowFields(workflow));
    return 0;
  },
});
