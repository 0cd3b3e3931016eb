import type { TaskStatus } from "@ntro/contract";
import type { Context } from "../context";
import { taskColumns } from "./task-fields";

/** Lists tasks of a tenant (or all that the key may see), of one entity or status when given. */
export async function listTasks(
  context: Context,
  filter: {
    readonly tenant?: string | undefined;
    readonly entity?: string | undefined;
    readonly status?: TaskStatus | undefined;
    readonly limit?: number | undefined;
  },
): Promise<0> {
  const tenant = await context.tenantIfAny(filter.tenant);
  const entity = await context.entityIfAny(filter.entity);
  const api = await context.client();
  const query = { tenant, entity, status: filter.status, limit: filter.limit };
  context.out.list(await api.call("tasks.list", { query }), taskColumns);
  return 0;
}
