import { defineCommand } from "../command";
import { UsageError } from "../usage-error";
import { entityOption, tenantOption } from "./scope-options";

export const workflowDelete = defineCommand({
  name: "delete",
  summary: "Delete a workflow and its schedule; its tasks and the runbook stay",
  examples: ["ntro workflow delete nav-monthly --tenant acme-fund --entity acme-spv1 --yes"],
  arguments: { workflow: { help: "Id, name or runbook slug" } },
  options: { tenant: tenantOption, entity: entityOption, yes: { short: "-y", help: "Do not ask" } },
  async run(context, { args, options }) {
    const { findWorkflow } = await import("../find-workflow");
    const { ask } = await import("../prompt");
    const workflow = await findWorkflow(context, args.workflow, options);
    const shown = `${workflow.name ?? workflow.runbookSlug} of ${workflow.entity?.slug ?? workflow.entityId}`;
    if (!options.yes) {
      const answer = await ask(context.terminal, `Delete workflow ${shown}? [y/N] `);
      if (answer === undefined) throw new UsageError("Deleting has to be confirmed.", "Add --yes.");
      if (!/^y(es)?$/i.test(answer)) throw new UsageError("Not confirmed; nothing was deleted.");
    }
    const api = await context.client();
    await api.call("workflows.delete", { params: { id: workflow.id } });
    context.out.success(`Workflow ${shown} is deleted.`);
    context.out.data({ id: workflow.id, deleted: true }, () => workflow.id);
    return 0;
  },
});
