import * as z from "zod";
import { Slug } from "./names";
import { Config, GivenConfig } from "./tenant";

/** A company or fund that a tenant's tasks work for. */
export const Entity = z.object({
  id: z.uuid(),
  name: z.string(),
  slug: Slug,
  tenantId: z.uuid(),
  type: z.string().nullish(),
  jurisdiction: z.string().nullish(),
  /** ISO 4217 code. */
  currency: z.string().nullish(),
  schema: z.string().nullish(),
  /** The published client reads the schema under this name. */
  schema_: z.string().nullish(),
  config: Config.nullish(),
  createdAt: z.string(),
  updatedAt: z.string(),
  warnings: z
    .array(
      z.object({
        kind: z.literal("duplicate_candidate"),
        existing: z.record(z.string(), z.unknown()),
        normalisedName: z.string().optional(),
        message: z.string().optional(),
      }),
    )
    .optional(),
});
export type Entity = z.infer<typeof Entity>;

export const CreateEntity = z.strictObject({
  name: z.string().trim().min(1).max(200),
  slug: Slug,
  type: z.string().max(100).nullish(),
  jurisdiction: z.string().max(100).nullish(),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, "use an ISO 4217 code such as GBP")
    .nullish(),
  schema: z.string().max(63).nullish(),
  schema_: z.string().max(63).nullish(),
  config: GivenConfig.nullish(),
});
export type CreateEntity = z.input<typeof CreateEntity>;
