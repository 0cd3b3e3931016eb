import * as z from "zod";
import { Role } from "./permissions";

/** Whose key it is. `tenants` is null for a key of the whole organisation. */
export const Me = z.object({
  id: z.string(),
  email: z.string(),
  name: z.string(),
  orgId: z.string(),
  roles: z.array(Role),
  tenantSlug: z.string().nullish(),
});
export type Me = z.infer<typeof Me>;

/** Whether the parts work; open to anybody, says nothing else. */
export const Health = z.object({
  status: z.enum(["ok", "degraded"]),
  version: z.string(),
  postgres: z.boolean(),
  temporal: z.boolean(),
  worker: z.boolean(),
});
export type Health = z.infer<typeof Health>;
