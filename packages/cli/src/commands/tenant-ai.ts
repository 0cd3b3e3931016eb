import { defineCommand } from "../command";
import { AI_OPTIONS } from "./ai-options";

const tenantArgument = {
  tenant: { help: "Slug or id; left out, the tenant that other commands would use", optional: true },
} as const;

export const tenantAiShow = defineCommand({
  name: "ai show",
  summary: "Show which provider and models a tenant's runbooks use",
  examples: ["ntro tenant ai show acme-fund"],
  arguments: tenantArgument,
  async run({ client, out, tenant: tenantOf }, { args }) {
    const { aiOf, showAi } = await import("../ai-settings");
    const tenant = await tenantOf(args.tenant);
    const { config } = await (await client()).call("tenants.get", { params: { tenant } });
    showAi(out, aiOf(config));
    return 0;
  },
});

export const tenantAiSet = defineCommand({
  name: "ai set",
  summary: "Set provider or models for a tenant's runbooks; what is not named stays",
  examples: [
    "ntro tenant ai set acme-fund --provider ANTHROPIC --default-model claude-haiku-4-5-20251001",
    "ntro tenant ai set acme-fund --judgement-model claude-sonnet-4-5",
  ],
  notes: "Tasks that start from now on use it. The provider's key is a secret of the tenant: ntro tenant secret set.",
  arguments: tenantArgument,
  options: AI_OPTIONS,
  async run({ client, out, tenant: tenantOf }, { args, options }) {
    const { aiOf, showAi, withAi } = await import("../ai-settings");
    const tenant = await tenantOf(args.tenant);
    const api = await client();
    const before = await api.call("tenants.get", { params: { tenant } });
    const body = { config: withAi(before.config, options) };
    const { slug, config } = await api.call("tenants.update", { params: { tenant }, body });
    out.success(`The AI settings of ${slug} are set.`);
    showAi(out, aiOf(config));
    return 0;
  },
});

export const tenantAiReset = defineCommand({
  name: "ai reset",
  summary: "Take a tenant's AI settings away",
  examples: ["ntro tenant ai reset acme-fund"],
  arguments: tenantArgument,
  async run({ client, out, tenant: tenantOf }, { args }) {
    const { aiOf, showAi, withoutAi } = await import("../ai-settings");
    const tenant = await tenantOf(args.tenant);
    const api = await client();
    const config = withoutAi((await api.call("tenants.get", { params: { tenant } })).config);
    if (config) await api.call("tenants.update", { params: { tenant }, body: { config } });
    out.success(config ? `The AI settings of ${tenant} are gone.` : `${tenant} had no AI settings.`);
    showAi(out, aiOf(config));
    return 0;
  },
});
