import type { StreamEvent } from "@ntro/contract";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestPostgres, type TestPostgres } from "../../../../test/support/postgres";
import { type Db, inTransaction, openDatabase, openPool } from "./database";
import { EventBus } from "./event-bus";
import { appendEvents, type EventFilter, newestEvent, nudgeWorkers } from "./events";
import { migrate } from "./migrate";

const log = pino({ level: "silent" });
let postgres: TestPostgres;
let db: Db;
let bus: EventBus;

beforeAll(async () => {
  postgres = await startTestPostgres();
  db = openDatabase(openPool(postgres.url, log));
  await migrate(db);
  bus = new EventBus(db, postgres.url, log);
  await bus.start();
});

afterAll(async () => {
  await bus.close();
  await db.destroy();
  await postgres.stop();
});

async function tell(number: number, taskId: string): Promise<void> {
  await inTransaction(db, (trx) =>
    appendEvents(trx, [{ type: "task.created", tenantId: null, taskId, data: { number } }]),
  );
}

/** The numbers of the next `count` events of a subscription made before `during` runs. */
async function collect(filter: EventFilter, after: string | null, count: number, during?: () => Promise<unknown>) {
  const abort = new AbortController();
  const events = await bus.subscribe(filter, after, abort.signal);
  const done = during?.();
  const seen: StreamEvent[] = [];
  for await (const event of events) {
    seen.push(event);
    if (seen.length === count) break;
  }
  abort.abort();
  await done;
  return seen.map(({ data }) => data.number);
}

describe("a subscription", () => {
  it("replays from an id on, then goes on live, in the order of commits, nothing missed and nothing twice", async () => {
    const task = crypto.randomUUID();
    const start = await newestEvent(db);
    for (let number = 0; number < 20; number++) await tell(number, task);
    const writers = async () => {
      await Promise.all(
        [0, 1, 2, 3].map(async (writer) => {
          for (let number = 0; number < 25; number++) await tell(100 * (writer + 1) + number, task);
        }),
      );
    };
    const seen = await collect({ taskId: task }, start, 120, writers);
    expect(seen.slice(0, 20)).toEqual([...Array(20).keys()]);
    expect(new Set(seen).size).toBe(120);
    for (const writer of [1, 2, 3, 4]) {
      const own = seen.filter((number) => Math.floor(Number(number) / 100) === writer);
      expect(own).toEqual([...own].sort((a, b) => Number(a) - Number(b)));
    }
    const inOrder = await db.selectFrom("events").select("data").where("task_id", "=", task).orderBy("id").execute();
    expect(seen).toEqual(inOrder.map(({ data }) => data.number));
  });

  it("begins now when no id is given, and leaves out what is not asked for", async () => {
    const [mine, other] = [crypto.randomUUID(), crypto.randomUUID()];
    await tell(1, mine);
    const seen = await collect({ taskId: mine }, null, 1, async () => {
      await tell(2, other);
      await tell(3, mine);
    });
    expect(seen).toEqual([3]);
  });

  it("catches up from the table when its reader is slow", async () => {
    const task = crypto.randomUUID();
    const abort = new AbortController();
    const events = await bus.subscribe({ taskId: task }, null, abort.signal);
    const rows = [...Array(1200).keys()];
    await inTransaction(db, (trx) =>
      appendEvents(
        trx,
        rows.map((number) => ({ type: "task.created", tenantId: null, taskId: task, data: { number } })),
      ),
    );
    await collect({ taskId: task }, "0", 1200);
    const seen: unknown[] = [];
    for await (const event of events) {
      seen.push(event.data.number);
      if (seen.length === 1200) break;
    }
    abort.abort();
    expect(seen).toEqual(rows);
  });

  it("ends when it is aborted", async () => {
    const abort = new AbortController();
    const events = await bus.subscribe({}, null, abort.signal);
    const next = events.next();
    abort.abort();
    expect((await next).done).toBe(true);
  });

  it("misses nothing when the connection that listens is cut", async () => {
    const task = crypto.randomUUID();
    const seen = await collect({ taskId: task }, null, 3, async () => {
      await tell(1, task);
      const cut = `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'ntro-listener'`;
      const pool = openPool(postgres.url, log);
      await pool.query(cut);
      await pool.end();
      await tell(2, task);
      await tell(3, task);
    });
    expect(seen).toEqual([1, 2, 3]);
  });
});

describe("a nudge", () => {
  it("reaches those who listen when its transaction commits", async () => {
    const nudged = new Promise<void>((resolve) => {
      const forget = bus.onNudge(() => {
        forget();
        resolve();
      });
    });
    await inTransaction(db, (trx) => nudgeWorkers(trx));
    await nudged;
  });
});
