import { rootTaskId } from "@ntro/contract";
import { Page } from "../store/pages";
import { addReasoning, listReasoning } from "../store/reasoning";
import { requireTask } from "../store/tasks";
import type { Handlers } from "./handler";

export const reasoningHandlers: Pick<Handlers, "tasks.addReasoning" | "tasks.listReasoning"> = {
  "tasks.addReasoning": async ({ db, tenantDatabases }, { caller, params, body }) => {
    const task = await requireTask(db, caller, rootTaskId(params.id));
    await addReasoning(tenantDatabases, task.tenant_id, task.id, body);
    return { ok: true };
  },

  "tasks.listReasoning": async ({ db, tenantDatabases }, { caller, params, query }) => {
    const task = await requireTask(db, caller, rootTaskId(params.id));
    return new Page(await listReasoning(tenantDatabases, task.tenant_id, task.id, query.since), null);
  },
};
