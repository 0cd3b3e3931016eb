import * as z from "zod";
import { AiSettings } from "./ai";
import { Slug } from "./names";

export const DataPlatform = z.enum(["managed-postgres", "snowflake", "microsoft-fabric"]);
export const TenantStatus = z.enum([
  "REQUESTED",
  "PROVISIONING",
  "ACTIVE",
  "SUSPENDED",
  "DEPROVISIONING",
  "FAILED",
  "DECOMMISSIONED",
]);
export type TenantStatus = z.infer<typeof TenantStatus>;
export const Config = z.record(z.string(), z.unknown());

/** A client of the organisation, with a database, a role and hosts of its own. */
export const Tenant = z.object({
  id: z.uuid(),
  name: z.string(),
  slug: Slug,
  dataPlatform: DataPlatform,
  dataPlatformConfigId: z.string().nullish(),
  status: TenantStatus,
  /** Why it could not be set up or taken down, where that is so. */
  failure: z.string().nullish(),
  config: Config.nullish(),
  entityCount: z.number().int(),
  createdAt: z.string(),
  updatedAt: z.string(),
});
export type Tenant = z.infer<typeof Tenant>;

export const CreateTenant = z.strictObject({
  name: z.string().trim().min(1).max(200),
  slug: Slug,
  dataPlatform: DataPlatform.default("managed-postgres"),
  dataPlatformConfigId: z.string().nullish(),
});
export type CreateTenant = z.input<typeof CreateTenant>;

/** Settings as they are given: `ai` has a form, all other keys are the authors'. */
export const GivenConfig = Config.superRefine(({ ai }, context) => {
  if (ai === undefined || ai === null) return;
  for (const issue of AiSettings.safeParse(ai).error?.issues ?? [])
    context.addIssue({ code: "custom", path: ["ai", ...issue.path], message: issue.message });
});

/** `config` replaces what was there. */
export const UpdateConfig = z.strictObject({ config: GivenConfig });
