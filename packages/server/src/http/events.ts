import { NtroError } from "@ntro/contract";
import * as z from "zod";
import { mayTouch } from "../core/access";
import type { Services } from "../services";
import { requireTenant } from "../store/tenants";
import type { Caller, Handlers, StreamMessage } from "./handler";

export const eventHandlers: Pick<Handlers, "events"> = {
  events: async (services, { caller, query, signal }, lastEventId) => {
    const { db, events } = services;
    const tenantId = query.tenant === undefined ? caller.tenantId : (await requireTenant(db, caller, query.tenant)).id;
    if (query.task !== undefined) await requireVisible(services, caller, "tasks", query.task);
    if (query.deployment !== undefined) await requireVisible(services, caller, "deployments", query.deployment);
    const after = readPosition(lastEventId ?? query.after);
    const filter = { tenantId, taskId: query.task ?? null, deploymentId: query.deployment ?? null };
    const live = await events.subscribe(filter, after, signal);
    return (async function* (): AsyncGenerator<StreamMessage> {
      for await (const event of live) yield { id: event.id, data: event };
    })();
  },
};

/** An event's id as somebody gives it back; null: from now on. */
function readPosition(text: string | undefined): string | null {
  if (text === undefined || text === "") return null;
  if (/^\d{1,18}$/.test(text)) return text;
  throw new NtroError("REQUEST_INVALID", "The position in the stream is not the id of an event.", {
    details: [{ field: "after", message: "must be an event's id" }],
  });
}

async function requireVisible(
  { db }: Services,
  caller: Caller,
  table: "tasks" | "deployments",
  id: string,
): Promise<void> {
  const row = z.uuid().safeParse(id).success
    ? await db.selectFrom(table).select("tenant_id").where("id", "=", id).executeTakeFirst()
    : undefined;
  if (row && mayTouch(caller, row.tenant_id)) return;
  throw table === "tasks"
    ? new NtroError("TASK_NOT_FOUND", `There is no task ${id}.`)
    : new NtroError("DEPLOYMENT_NOT_FOUND", `There is no deployment ${id}.`);
}
