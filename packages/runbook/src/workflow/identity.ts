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

/** Settings in the input that runbooks of either language expect beside it; children get them from their parent unless it gives others. */
export const Inherited = z.object({
  ai: z.unknown().optional(),
  gl: z.unknown().optional(),
  tenant_config: z.unknown().optional(),
});
export type Inherited = z.infer<typeof Inherited>;
