import { FAILURE_TYPES, NtroError } from "@ntro/contract";
import type { Services } from "../services";
import { isStoreAway } from "../store/database";
import { findTask } from "../store/tasks";
import type { Duty } from "../upkeep";
import { endWithoutExecution } from "./close";
import { keepFinalStates } from "./final-state";
import { resumeAnswers } from "./open-answers";
import { finishTask } from "./report";
import { launchTask } from "./start";

const MINUTE = 60_000;
/** Milliseconds after which a PENDING task counts as left behind, not as being started right now. */
const STARTED_BY = 3_000;
/** Reports may take a while to reach visibility, and clocks differ. */
const SWEEP_OVERLAP = 5 * MINUTE;
/** A task that was not heard of for this long is looked at in Temporal itself. */
const STALE_AFTER = 10 * MINUTE;
/** How many stale tasks are looked at in one run. */
const STALE_BATCH = 50;

/** What makes up for crashes of this process, of hosts and of Temporal. Each runs at the start, and then as often as what it looks for may matter to somebody. */
export function taskDuties(services: Services): readonly Duty[] {
  let sweptUntil: Date | undefined;
  let staleAfterId: string | undefined;
  let first = true;
  let everywhere = true;
  let keptNowhere = true;
  return [
    {
      name: "start tasks that were recorded but not started",
      every: 5_000,
      run: async () => {
        // At the start nothing of this process is on its way yet.
        await startPendingTasks(services, first ? 0 : STARTED_BY);
        first = false;
      },
    },
    {
      name: "give answers that were written but not given",
      every: 15_000,
      run: async () => {
        await resumeAnswers(services, everywhere);
        everywhere = false;
      },
    },
    {
      name: "keep the states tasks ended in",
      every: MINUTE,
      run: async () => {
        await keepFinalStates(services, keptNowhere);
        keptNowhere = false;
      },
    },
    {
      name: "end tasks whose executions have closed",
      every: MINUTE,
      run: async () => {
        const began = new Date();
        await sweepClosed(services, sweptUntil);
        sweptUntil = new Date(began.getTime() - SWEEP_OVERLAP);
      },
    },
    {
      name: "look at tasks not heard of",
      every: MINUTE,
      run: async () => {
        staleAfterId = await lookAtStale(services, staleAfterId);
      },
    },
  ];
}

/** One task that cannot be helped must not keep the others from it; without Temporal or Postgres none can be. */
async function forEach(
  { log }: Services,
  tasks: readonly { readonly id: string }[],
  work: (id: string) => Promise<unknown>,
): Promise<void> {
  for (const { id } of tasks) {
    try {
      await work(id);
    } catch (error) {
      if (isStoreAway(error) || (error instanceof NtroError && error.code === "ENGINE_UNAVAILABLE")) throw error;
      log.error({ err: error, taskId: id }, "a task could not be recovered; it is tried again");
    }
  }
}

/** Starts tasks whose rows were written before a crash, or while Temporal was away. */
async function startPendingTasks(services: Services, olderThanMs: number): Promise<void> {
  const rows = await services.db
    .selectFrom("tasks")
    .select("id")
    .where("status", "=", "PENDING")
    .where("created_at", "<=", new Date(Date.now() - olderThanMs))
    .orderBy("created_at")
    .execute();
  await forEach(services, rows, (id) => launchTask(services, id));
}

/** Ends open tasks that Temporal lists as closed. Without a moment to begin from, everything since the oldest open task. */
async function sweepClosed(services: Services, since: Date | undefined): Promise<void> {
  const { db, engine } = services;
  const oldest = await db
    .selectFrom("tasks")
    .select("created_at")
    .where("closed_at", "is", null)
    .orderBy("created_at")
    .limit(1)
    .executeTakeFirst();
  if (!oldest) return;
  const closed = await engine.closedSince(since ?? new Date(oldest.created_at.getTime() - SWEEP_OVERLAP));
  if (closed.length === 0) return;
  const open = await db
    .selectFrom("tasks")
    .select("id")
    .where("closed_at", "is", null)
    .where((where) => where("id", "=", where.fn.any(where.val([...closed]))))
    .execute();
  await forEach(services, open, (id) => finishTask(services, id));
}

/**
 * Looks at some of the tasks that were not heard of for long, after the one given; gives the one to go on after. A task that Temporal no longer knows is lost.
 */
export async function lookAtStale(
  services: Services,
  afterId: string | undefined,
  staleMs = STALE_AFTER,
): Promise<string | undefined> {
  let query = services.db
    .selectFrom("tasks")
    .select("id")
    .where("closed_at", "is", null)
    .where("status", "<>", "PENDING")
    .where("updated_at", "<=", new Date(Date.now() - staleMs));
  if (afterId !== undefined) query = query.where("id", ">", afterId);
  const rows = await query.orderBy("id").limit(STALE_BATCH).execute();
  await forEach(services, rows, (id) => finishOrLose(services, id));
  return rows.length === STALE_BATCH ? rows[rows.length - 1]?.id : undefined;
}

async function finishOrLose(services: Services, id: string): Promise<void> {
  if (await finishTask(services, id)) return;
  if ((await services.engine.describe(id)).status !== "absent") return;
  const task = await findTask(services.db, id);
  if (!task) return;
  services.log.error({ taskId: id }, "Temporal no longer knows an open task");
  await endWithoutExecution(services, task, {
    type: FAILURE_TYPES.lost,
    message:
      "Temporal no longer knows this task; its data may have been removed or replaced. What it stored stays in the tenant's database.",
  });
}
