import type { TaskStatus } from "@ntro/contract";
import { Client, Connection } from "@temporalio/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ScriptedPlatform, until } from "../../../../test/support/scripted-platform";
import { hostPlaces } from "../store/host-places";

const IDLE_MS = 1_500;
const QUEUE = "ntro/acme/ts";
const REVIEW = { do: "review", title: "Journals" } as const;

let platform: ScriptedPlatform;

beforeAll(async () => {
  platform = await ScriptedPlatform.start({ idleMs: IDLE_MS });
  await platform.bind();
});
afterAll(async () => {
  await platform?.stop();
});

/** The queues of hosts that a worker is told to run now. */
async function hosts(): Promise<string[]> {
  const { tenants } = await platform.server.client(platform.server.keys.worker).call("worker.desired", {});
  return tenants.flatMap((tenant) => tenant.hosts.map(({ queue }) => queue));
}

/** A task that waits at a gate, in a tenant that has fallen asleep since. */
async function sleeping(): Promise<{ id: string; gate: string }> {
  const { task, gate } = await platform.runToGate([REVIEW]);
  await until(async () => ((await hosts()).length === 0 ? true : undefined));
  return { id: task.id, gate };
}

async function awake(): Promise<void> {
  await until(async () => ((await hosts()).includes(QUEUE) ? true : undefined));
}

describe("a host of a tenant that is not in use", () => {
  it.each<[string, TaskStatus, boolean]>([
    ["was recorded", "PENDING", true],
    ["was started", "READY", true],
    ["is at work", "IN_PROGRESS", true],
    ["waits for a person", "BLOCKED", false],
    ["has failing code", "BLOCKED", true],
    ["is done", "COMPLETED", false],
    ["has failed", "FAILED", false],
  ])("while a task %s", async (what, status, wanted) => {
    const { db } = platform.server.services;
    const { id } = await platform.run([REVIEW]);
    await db.updateTable("tasks").set({ status: "COMPLETED", closed_at: new Date() }).execute();
    const failure = what === "has failing code" ? JSON.stringify({ type: "CodeFailing", message: "x" }) : null;
    const closed_at = status === "COMPLETED" || status === "FAILED" ? new Date() : null;
    await db.updateTable("tasks").set({ status, failure, closed_at }).where("id", "=", id).execute();
    const places = await hostPlaces(db, null, 0);
    expect(places.some((place) => place.wanted)).toBe(wanted);
    // One that sleeps is known as long as something may come to it.
    expect(places.length).toBe(closed_at === null ? 1 : 0);
    await platform.server.services.engine.terminate(id, "end of test");
    await db.updateTable("tasks").set({ status: "COMPLETED", closed_at: new Date() }).where("id", "=", id).execute();
  });
});

describe("a sleeping tenant", () => {
  it("is woken by whoever looks at what a task waits for, and by no list", async () => {
    const { id } = await sleeping();
    await platform.client.call("tasks.list", { query: { limit: 10 } });
    await platform.client.call("tasks.logs", { params: { id } });
    expect(await hosts()).toEqual([]);
    const abort = new AbortController();
    const nudges = platform.server
      .client(platform.server.keys.worker)
      .stream("worker.nudges", { signal: abort.signal });
    await nudges.next();
    expect(await platform.next(id)).toMatchObject({ action: "review" });
    await nudges.next();
    abort.abort();
    expect(await hosts()).toEqual([QUEUE]);
  });

  it("is woken by what Temporal has for it", async () => {
    const { id } = await sleeping();
    await platform.stopWorker();
    const connection = await Connection.connect({ address: platform.temporal.address });
    await new Client({ connection }).workflow.getHandle(id).signal("somebody");
    await awake();
    await platform.startWorker();
    await connection.close();
  });

  it("is woken by an answer", async () => {
    const { id, gate } = await sleeping();
    await platform.client.call("tasks.approve", { params: { id }, body: { gate } });
    expect(await hosts()).toEqual([QUEUE]);
  });
});
