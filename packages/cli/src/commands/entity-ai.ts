import type { Entity, NtroClient } from "@ntro/contract";
import { defineCommand } from "../command";
import { AI_OPTIONS } from "./ai-options";
import { tenantOption } from "./scope-options";

const entityArgument = { entity: { help: "Slug or id of the entity" } } as const;

export const entityAiShow = defineCommand({
  name: "ai show",
  summary: "Show which provider and models an entity's runbooks use, and what of it is the tenant's",
  examples: ["ntro entity ai show acme-spv1 --tenant acme-fund"],
  arguments: entityArgument,
  options: { tenant: tenantOption },
  async run({ client, out, tenant: tenantOf }, { args, options }) {
    const tenant = await tenantOf(options.tenant);
    const api = await client();
    await showEntity(api, out, tenant, await api.call("entities.get", { params: { tenant, entity: args.entity } }));
    return 0;
  },
});

export const entityAiSet = defineCommand({
  name: "ai set",
  summary: "Set provider or models for an entity's runbooks, over those of its tenant; what is not named stays",
  examples: ["ntro entity ai set acme-spv1 --tenant acme-fund --extraction-model claude-sonnet-4-5"],
  notes: "Tasks that start from now on use it. What the entity does not say is the tenant's.",
  arguments: entityArgument,
  options: { tenant: tenantOption, ...AI_OPTIONS },
  async run({ client, out, tenant: tenantOf }, { args, options }) {
    const { withAi } = await import("../ai-settings");
    const tenant = await tenantOf(options.tenant);
    const api = await client();
    const params = { tenant, entity: args.entity };
    const before = await api.call("entities.get", { params });
    const entity = await api.call("entities.update", { params, body: { config: withAi(before.config, options) } });
    out.success(`The AI settings of ${entity.slug} are set.`);
    await showEntity(api, out, tenant, entity);
    return 0;
  },
});

export const entityAiReset = defineCommand({
  name: "ai reset",
  summary: "Take an entity's AI settings away; those of its tenant hold again",
  examples: ["ntro entity ai reset acme-spv1 --tenant acme-fund"],
  arguments: entityArgument,
  options: { tenant: tenantOption },
  async run({ client, out, tenant: tenantOf }, { args, options }) {
    const { withoutAi } = await import("../ai-settings");
    const tenant = await tenantOf(options.tenant);
    const api = await client();
    const params = { tenant, entity: args.entity };
    const before = await api.call("entities.get", { params });
    const config = withoutAi(before.config);
    const entity = config ? await api.call("entities.update", { params, body: { config } }) : before;
    out.success(config ? `The AI settings of ${entity.slug} are gone.` : `${entity.slug} had no AI settings.`);
    await showEntity(api, out, tenant, entity);
    return 0;
  },
});

async function showEntity(
  api: NtroClient,
  out: Parameters<typeof import("../ai-settings").showAi>[0],
  tenant: string,
  entity: Entity,
): Promise<void> {
  const { aiOf, showAi } = await import("../ai-settings");
  const { config, slug } = await api.call("tenants.get", { params: { tenant } });
  showAi(out, aiOf(entity.config), { settings: aiOf(config), name: slug });
}
