import { NtroError } from "@ntro/contract";
import type { Transaction } from "kysely";
import { planUnfired, type Spec, settledUntil, type Unfired } from "../core/dispatch";
import type { Services } from "../services";
import { type Db, inTransaction, isStoreAway } from "../store/database";
import { moveMarks, overdueSchedules, pausesSince, settledTimes, specOf } from "../store/schedules";
import type { Tables } from "../store/tables";
import { lockWorkflow, type WorkflowRow } from "../store/workflows";
import type { Duty } from "../upkeep";
import { dispatchFiring } from "./dispatch";
import { recordWithoutTask } from "./record";

/** Milliseconds that a firing has to be dispatched by itself before it is looked after. */
const GRACE = 30_000;
/** How many schedules are looked at side by side. */
const AT_ONCE = 8;
/** How many times of one schedule fire again in one run. */
const FIRED_AT_ONCE = 100;
/** What Temporal tells in one answer. */
const ANSWERED_AT_ONCE = 1_000;

/** What keeps the ledgers of schedules complete. */
export function scheduleDuties(services: Services): readonly Duty[] {
  return [
    { name: "see that schedules fire", every: 15_000, run: () => settleSchedules(services) },
    {
      name: "remove what previews left in Temporal",
      every: 3_600_000,
      run: () => services.engine.schedules.dropPreviews(),
    },
  ];
}

/**
 * Looks at schedules of which an expected time has passed without an outcome: has Temporal fire it again, records it as missed once that is too late, and puts
 * back a schedule that Temporal has lost. A schedule that fires as it should is never looked at.
 * @param graceMs milliseconds after its nominal time that a firing counts as on its way
 */
export async function settleSchedules(services: Services, graceMs = GRACE): Promise<void> {
  const until = new Date(Date.now() - graceMs);
  const waiting = await overdueSchedules(services.db, until);
  const next = async (): Promise<void> => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) await settleQuietly(services, id, until);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
}

/** One schedule that cannot be helped must not keep the others from it; without Temporal or Postgres none can be. */
async function settleQuietly(services: Services, id: string, until: Date): Promise<void> {
  try {
    await settleSchedule(services, id, until);
  } catch (error) {
    if (isStoreAway(error) || (error instanceof NtroError && error.code === "ENGINE_UNAVAILABLE")) throw error;
    services.log.error({ err: error, workflowId: id }, "a schedule could not be looked after; it is tried again");
  }
}

async function settleSchedule(services: Services, id: string, until: Date): Promise<void> {
  const { db, engine } = services;
  const row = await putRight(services, id);
  if (!row) return;
  const unfired = await readUnfired(services, db, row, until);
  if (!(await inTransaction(db, (trx) => recordUnfired(trx, row, unfired)))) return;
  const toFire = unfired.filter(({ kind }) => kind === "fire");
  for (const { time } of toFire.slice(0, FIRED_AT_ONCE)) {
    services.log.warn({ workflowId: id, nominalTime: time }, "a time of a schedule was not dispatched; it fires again");
    await engine.schedules.fireAgain(id, time);
  }
  const [next] = toFire.length > 0 ? [] : ((await engine.schedules.times(id, { after: until, count: 1 })) ?? []);
  const expectedAt = toFire[0]?.time ?? next ?? null;
  await moveMarks(db, row, { settledUntil: settledUntil(unfired, until), expectedAt });
}

/** The workflow, with Temporal's schedule as the row says: one it has lost, or has otherwise as after a crash, is put. Undefined when there is none any more. */
async function putRight({ db, engine }: Services, id: string): Promise<WorkflowRow | undefined> {
  return inTransaction(db, async (trx) => {
    // Nobody changes it meanwhile.
    const row = await lockWorkflow(trx, id, "share");
    const spec = row && specOf(row);
    if (!row || !spec) return undefined;
    const there = await engine.schedules.spec(id);
    if (there?.cron !== spec.schedule || there.timezone !== spec.timezone) {
      const entity = await trx
        .selectFrom("entities")
        .select("slug")
        .where("id", "=", row.entity_id)
        .executeTakeFirstOrThrow();
      await engine.schedules.put({ id, ...inTemporal(row, spec, entity.slug) });
    }
    return row;
  });
}

/** How Temporal is told of a workflow's schedule. */
export function inTemporal(row: Pick<WorkflowRow, "name" | "runbook_slug">, spec: Spec, entitySlug: string) {
  const note = `${row.name ?? row.runbook_slug} for ${entitySlug}`;
  return { cron: spec.schedule, timezone: spec.timezone, note };
}

/**
 * The times that a schedule expected and that have no outcome, with what to do about each.
 * @param removedBy who takes the schedule away
 */
export async function readUnfired(
  { engine }: Services,
  db: Db,
  row: WorkflowRow,
  until: Date,
  removedBy?: string,
): Promise<Unfired[]> {
  const from = row.schedule_settled_until ?? until;
  const expected: Date[] = [];
  for (let after = from; ; ) {
    const times = (await engine.schedules.times(row.id, { after, until, count: ANSWERED_AT_ONCE })) ?? [];
    expected.push(...times);
    const last = times.at(-1);
    if (last === undefined || times.length < ANSWERED_AT_ONCE) break;
    after = last;
  }
  const [settled, pauses] = await Promise.all([settledTimes(db, row.id, from), pausesSince(db, row.id, from)]);
  return planUnfired({ expected, settled, pauses, now: new Date(), removedBy });
}

/** Records what ends without a task; false when the schedule has changed meanwhile. */
async function recordUnfired(
  trx: Transaction<Tables>,
  row: WorkflowRow,
  unfired: readonly Unfired[],
): Promise<boolean> {
  const held = await lockWorkflow(trx, row.id, "share");
  if (held?.schedule !== row.schedule || held.timezone !== row.timezone) return false;
  await recordWithoutTask(
    trx,
    held,
    unfired.flatMap((each) => (each.kind === "record" ? [each] : [])),
  );
  return true;
}

/**
 * Gives every time that a schedule expected until now its outcome before the schedule changes: what is due is dispatched, here and now.
 * @throws NtroError as {@link dispatchFiring} and the engine do; then nothing may be changed
 */
export async function settleBeforeChange(services: Services, workflowId: string): Promise<void> {
  const row = await putRight(services, workflowId);
  const firedBy = row && specOf(row);
  if (!row || !firedBy) return;
  const until = new Date();
  const unfired = await readUnfired(services, services.db, row, until);
  if (!(await inTransaction(services.db, (trx) => recordUnfired(trx, row, unfired)))) return;
  for (const { time, kind } of unfired)
    if (kind === "fire") await dispatchFiring(services, row.id, { nominalTime: time, firedBy });
  const now = await services.db.selectFrom("workflows").selectAll().where("id", "=", row.id).executeTakeFirstOrThrow();
  await moveMarks(services.db, now, { settledUntil: until, expectedAt: null });
}
