import * as z from "zod";

/** What the platform puts into every input, beside the author's parameters. */
export const Identity = z.object({
  tenant_id: z.string(),
  tenant_slug: z.string(),
  entity_id: z.string(),
  entity_slug: z.string(),
  task_id: z.string(),
  config: z.record(z.string(), z.unknown()).default({}),
});
export type Identity = z.infer<typeof Identity>;
