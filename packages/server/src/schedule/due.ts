import { type LedgerEntry, NtroError } from "@ntro/contract";
import type { Services } from "../services";
import { settledTimes, specOf } from "../store/schedules";
import type { WorkflowRow } from "../store/workflows";
import { periods } from "./record";

/** How many due times are told. */
const AT_MOST = 1_000;

/** The times of a schedule that have passed and have no outcome yet, newest first. While Temporal is away, the one that is known without it. */
export async function readDue(services: Services, row: WorkflowRow): Promise<LedgerEntry[]> {
  const { db } = services;
  const from = row.schedule_settled_until;
  if (specOf(row) === null || from === null) return [];
  const passed = await passedTimes(services, row, from);
  if (passed.length === 0) return [];
  const [settled, period] = await Promise.all([settledTimes(db, row.id, from), periods(db, row)]);
  return passed
    .filter((time) => !settled.has(time.getTime()))
    .reverse()
    .map((time) => ({
      workflowId: row.id,
      nominalTime: time.toISOString(),
      outcome: "due" as const,
      taskId: null,
      cause: null,
      reason: null,
      period: period(time),
      recordedAt: null,
      madeUp: null,
    }));
}

async function passedTimes({ engine, log }: Services, row: WorkflowRow, after: Date): Promise<readonly Date[]> {
  const until = new Date();
  const known = row.schedule_expected_at;
  // The first that is expected lies ahead: nothing is due, and Temporal need not be asked.
  if (known !== null && known > until) return [];
  try {
    return (await engine.schedules.times(row.id, { after, until, count: AT_MOST })) ?? [];
  } catch (error) {
    if (!(error instanceof NtroError)) throw error;
    log.info({ err: error, workflowId: row.id }, "the due times of a schedule are not known");
    return known === null ? [] : [known];
  }
}
