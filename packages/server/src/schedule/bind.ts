import type { Actor } from "@ntro/contract";
import type { Transaction } from "kysely";
import type { Binding, BindingPatch } from "../core/bind";
import type { Services } from "../services";
import { endPause, setMarks, specOf } from "../store/schedules";
import type { Tables } from "../store/tables";
import type { WorkflowRow } from "../store/workflows";
import { recordWithoutTask } from "./record";
import { inTemporal, readUnfired, settleBeforeChange } from "./settle";

/** To be called before the transaction that changes a workflow: what its schedule expected until now gets its outcome under the old schedule. */
export async function prepareChange(services: Services, row: WorkflowRow, patch: BindingPatch): Promise<void> {
  const changes = (["schedule", "timezone"] as const).some((field) => patch[field] && patch[field] !== row[field]);
  if (specOf(row) !== null && changes) await settleBeforeChange(services, row.id);
}

/**
 * Makes Temporal's schedule and the ledger's marks as a workflow is to be bound, as part of the transaction that binds it and holds its row. Asked for before
 * that commits: without Temporal nothing changes. A schedule whose row did not come to be dispatches nothing.
 * @param row as it was before
 */
export async function bindSchedule(
  services: Services,
  trx: Transaction<Tables>,
  change: {
    readonly row: WorkflowRow;
    readonly binding: Pick<Binding, "name" | "schedule" | "timezone">;
    readonly entitySlug: string;
    readonly actor: Actor;
  },
): Promise<void> {
  const { row, binding, entitySlug, actor } = change;
  const before = specOf(row);
  const after = specOf({ ...binding, deleted_at: null });
  if (after === null) {
    if (before !== null) await unbindSchedule(services, trx, row, actor);
    return;
  }
  // Taken before Temporal is asked, so that no time falls between the two.
  const now = new Date();
  // Also where nothing changed: a schedule that Temporal has lost comes back.
  const name = binding.name ?? null;
  await services.engine.schedules.put({ id: row.id, ...inTemporal({ ...row, name }, after, entitySlug) });
  if (before?.schedule === after.schedule && before.timezone === after.timezone) return;
  const settledUntil = before === null ? now : (row.schedule_settled_until ?? now);
  const [next] = (await services.engine.schedules.times(row.id, { after: settledUntil, count: 1 })) ?? [];
  await setMarks(trx, row.id, { settledUntil, expectedAt: next ?? null });
}

/** Takes a workflow's schedule away, as part of the transaction that removes it and holds its row. A pause ends with it; the ledger stays. */
export async function unbindSchedule(
  services: Services,
  trx: Transaction<Tables>,
  row: WorkflowRow,
  actor: Actor,
): Promise<void> {
  if (specOf(row) === null) return;
  const unfired = await readUnfired(services, trx, row, new Date(), actor.name);
  await services.engine.schedules.remove(row.id);
  await endPause(trx, row.id, actor.name);
  await setMarks(trx, row.id, { settledUntil: null, expectedAt: null });
  await recordWithoutTask(
    trx,
    row,
    unfired.flatMap((each) => (each.kind === "record" ? [each] : [])),
  );
}
