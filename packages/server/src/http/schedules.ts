import { type LedgerEntry, NtroError, type Schedule, type SchedulePreview } from "@ntro/contract";
import * as z from "zod";
import { actorOf, mayTouch } from "../core/access";
import { scheduledPeriod } from "../core/dispatch";
import { previewLines } from "../core/preview";
import { checkSchedule, namedBy, tidyCron } from "../core/schedule";
import { readDue } from "../schedule/due";
import { periods } from "../schedule/record";
import { triggerFor, triggerNow } from "../schedule/trigger";
import type { Services } from "../services";
import { appendAudit } from "../store/audit";
import { type Db, inTransaction } from "../store/database";
import { requireEntity } from "../store/entities";
import { appendEvents } from "../store/events";
import { countOutcomes, listLedger, listPauses, listSchedules, readSchedule } from "../store/schedule-lists";
import { beginPause, endPause, specOf } from "../store/schedules";
import { findTask, requireTask, toTask } from "../store/tasks";
import { requireTenant } from "../store/tenants";
import { lockWorkflow, requireVisibleEntity, requireWorkflow, type WorkflowRow } from "../store/workflows";
import type { Caller, Handlers } from "./handler";

type ScheduleRoute =
  | "schedules.list"
  | "schedules.get"
  | "schedules.pause"
  | "schedules.resume"
  | "schedules.trigger"
  | "schedules.preview"
  | "schedules.previewAny"
  | "schedules.ledger";

/** How many fire times and pauses one schedule is shown with. */
const SHOWN = { runs: 3, pauses: 20 } as const;

export const scheduleHandlers: Pick<Handlers, ScheduleRoute> = {
  "schedules.list": async ({ db }, { caller, query }) => {
    const tenant = query.tenant === undefined ? undefined : await requireTenant(db, caller, query.tenant);
    const entity =
      query.entity === undefined
        ? undefined
        : tenant
          ? await requireEntity(db, tenant, query.entity)
          : await requireVisibleEntity(db, caller, query.entity);
    return listSchedules(db, caller, { tenantId: tenant?.id, entityId: entity?.id }, query);
  },

  "schedules.get": async (services, { caller, params }) => {
    const { db } = services;
    const row = await requireWorkflow(db, caller, params.id);
    const schedule = await requireSchedule(db, row);
    const [pauses, outcomes, nextRuns] = await Promise.all([
      listPauses(db, row.id, SHOWN.pauses),
      countOutcomes(db, row.id),
      nextRunsQuietly(services, row.id),
    ]);
    return { ...schedule, pauses, outcomes, ...nextRuns };
  },

  "schedules.pause": async (services, { caller, params, body }) =>
    changePause(services, caller, params.id, "schedule.paused", body.reason ?? null),

  "schedules.resume": async (services, { caller, params }) =>
    changePause(services, caller, params.id, "schedule.resumed", null),

  "schedules.trigger": async (services, { caller, params, body, creationId }) => {
    const { db, settings } = services;
    const earlier = await findTask(db, creationId);
    if (earlier) return toTask(earlier, settings.tenantUiUrl);
    const workflow = await requireWorkflow(db, caller, params.id);
    const trigger = { id: creationId, workflow, actor: actorOf(caller) };
    if (body.for != null) await triggerFor(services, trigger, new Date(body.for));
    else {
      await requireSchedule(db, workflow);
      await triggerNow(services, trigger);
    }
    return toTask(await requireTask(db, caller, creationId), settings.tenantUiUrl);
  },

  "schedules.preview": async ({ db, engine }, { caller, params, query }) => {
    const row = await requireWorkflow(db, caller, params.id);
    const { schedule, timezone, paused } = await requireSchedule(db, row);
    const from = new Date();
    const times = (await engine.schedules.times(row.id, { after: from, count: query.count })) ?? [];
    return preview({ schedule, timezone, paused, from, times, period: await periods(db, row) });
  },

  "schedules.previewAny": async ({ engine }, { query }) => {
    const [schedule, { timezone }] = [tidyCron(query.schedule), query];
    checkSchedule(schedule, timezone);
    const from = new Date();
    const times = await engine.schedules.preview({ cron: schedule, timezone }, { after: from, count: query.count });
    const period = (time: Date) => scheduledPeriod(time, timezone, "previous");
    return preview({ schedule, timezone, paused: null, from, times, period });
  },

  "schedules.ledger": async (services, { caller, params, query }) => {
    const row = await findEvenDeleted(services.db, caller, params.id);
    const [from, to] = [query.from, query.to].map((text) => (text === undefined ? undefined : new Date(text)));
    if (from && to && from > to)
      throw new NtroError("REQUEST_INVALID", "The span ends before it begins.", {
        hint: "`from` is the earlier of the two.",
        details: [{ field: "to", message: "before `from`" }],
      });
    const due = (await readDue(services, row)).filter(({ nominalTime }) => {
      const time = new Date(nominalTime);
      return (!from || time >= from) && (!to || time <= to);
    });
    return listLedger(services.db, row.id, { from, to, outcome: query.outcome }, query, due satisfies LedgerEntry[]);
  },
};

/** Also a workflow that was deleted is found, by its id: its ledger stays. */
async function findEvenDeleted(db: Db, caller: Caller, reference: string): Promise<WorkflowRow> {
  if (z.uuid().safeParse(reference).success) {
    const row = await db.selectFrom("workflows").selectAll().where("id", "=", reference).executeTakeFirst();
    if (row && mayTouch(caller, row.tenant_id)) return row;
  }
  return requireWorkflow(db, caller, reference);
}

async function requireSchedule(db: Db, row: Pick<WorkflowRow, "id" | "name" | "runbook_slug">): Promise<Schedule> {
  const schedule = await readSchedule(db, row.id);
  if (schedule) return schedule;
  throw new NtroError("SCHEDULE_NOT_FOUND", `The workflow ${row.name ?? row.runbook_slug} has no schedule.`, {
    hint: `Give it one: \`ntro workflow update ${row.id} --schedule "0 8 5 * *" --timezone Europe/London\`.`,
  });
}

/** Pauses or resumes a schedule; one that is so already stays as it is. */
async function changePause(
  { db }: Services,
  caller: Caller,
  reference: string,
  change: "schedule.paused" | "schedule.resumed",
  reason: string | null,
): Promise<Schedule> {
  const found = await requireWorkflow(db, caller, reference);
  const actor = actorOf(caller);
  await inTransaction(db, async (trx) => {
    // Starts of its tasks are before this, and see no change, or after it.
    const row = await lockWorkflow(trx, found.id, "update");
    if (!row || specOf(row) === null) return;
    const changed =
      change === "schedule.paused"
        ? await beginPause(trx, row.id, actor.name, reason)
        : await endPause(trx, row.id, actor.name);
    if (!changed) return;
    const data = {
      workflowId: row.id,
      runbook: row.runbook_slug,
      by: actor.name,
      ...(reason === null ? {} : { reason }),
    };
    await appendEvents(trx, [{ type: change, tenantId: row.tenant_id, data }]);
    const subject = `workflow:${row.id}`;
    await appendAudit(trx, { tenantId: row.tenant_id, actor, action: change, subject, detail: { reason } });
  });
  return requireSchedule(db, found);
}

async function nextRunsQuietly({ engine, log }: Services, workflowId: string): Promise<{ nextRuns?: string[] }> {
  try {
    const times = await engine.schedules.times(workflowId, { after: new Date(), count: SHOWN.runs });
    return { nextRuns: (times ?? []).map((time) => time.toISOString()) };
  } catch (error) {
    log.warn({ err: error, workflowId }, "the next fire times are not known");
    return {};
  }
}

function preview(
  facts: Pick<SchedulePreview, "schedule" | "timezone" | "paused"> & {
    readonly from: Date;
    readonly times: readonly Date[];
    readonly period: (time: Date) => string;
  },
): SchedulePreview {
  const { schedule, timezone, paused } = facts;
  return { schedule, timezone, paused, lines: previewLines({ ...facts, names: namedBy(schedule) }) };
}
