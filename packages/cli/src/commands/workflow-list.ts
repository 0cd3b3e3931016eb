import { defineCommand } from "../command";
import { parseLimit } from "./limit";
import { entityOption, limitOption, tenantOption } from "./scope-options";

export const workflowList = defineCommand({
  name: "list",
  summary: "List workflows",
  examples: [
    "ntro workflow list --tenant acme-fund",
    "ntro workflow list --tenant acme-fund --entity acme-spv1 -o json",
  ],
  options: { tenant: tenantOption, entity: entityOption, limit: limitOption },
  async run({ client, out, tenantIfAny, entityIfAny }, { options }) {
    const { pinText } = await import("../workflow-fields");
    const [tenant, entity] = [await tenantIfAny(options.tenant), await entityIfAny(options.entity)];
    const api = await client();
    const query = { tenant, entity, limit: parseLimit(options.limit) };
    out.list(await api.call("workflows.list", { query }), [
      { title: "RUNBOOK", value: (workflow) => workflow.runbookSlug },
      { title: "NAME", value: (workflow) => workflow.name },
      { title: "ENTITY", value: (workflow) => workflow.entity?.slug ?? workflow.entityId },
      { title: "VERSION", value: pinText },
      { title: "SCHEDULE", value: (workflow) => workflow.schedule },
      { title: "ZONE", value: (workflow) => (workflow.schedule ? (workflow.timezone ?? "UTC") : "") },
      { title: "ID", value: (workflow) => workflow.id },
    ]);
    return 0;
  },
});
