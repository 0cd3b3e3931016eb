import { mayTouch } from "../core/access";
import { dispatchFiring } from "../schedule/dispatch";
import type { Handlers } from "./handler";

export const dispatchHandlers: Pick<Handlers, "worker.dispatch"> = {
  "worker.dispatch": async (services, { caller, body }) => {
    const { workflowId, schedule, timezone } = body;
    const row = await services.db
      .selectFrom("workflows")
      .select("tenant_id")
      .where("id", "=", workflowId)
      .executeTakeFirst();
    if (!row || !mayTouch(caller, row.tenant_id)) return { outcome: "skipped", reason: "There is no such workflow." };
    const firedBy = schedule === undefined || timezone === undefined ? null : { schedule, timezone };
    return dispatchFiring(services, workflowId, { nominalTime: new Date(body.nominalTime), firedBy });
  },
};
