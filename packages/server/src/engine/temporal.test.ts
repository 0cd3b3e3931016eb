import { randomUUID } from "node:crypto";
import { connect, createServer, type Socket } from "node:net";
import { NtroError } from "@ntro/contract";
import { Connection } from "@temporalio/client";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ScriptLine } from "../../../../test/support/scripted-workflow";
import {
  type ScriptedWorker,
  startScriptedWorker,
  startTestTemporal,
  type TestTemporal,
} from "../../../../test/support/temporal";
import { AnswerRefused } from "./engine";
import { TemporalEngine } from "./temporal";

const log = pino({ level: "silent" });
const QUEUE = "ntro/acme/ts";
const TYPE = "nav@1.0.0+0123456789ab";
const ACTOR = { id: "k", name: "Ann", via: "person" };

let temporal: TestTemporal;
let worker: ScriptedWorker;
let engine: TemporalEngine;

beforeAll(async () => {
  temporal = await startTestTemporal();
  worker = await startScriptedWorker(temporal.address, QUEUE);
  engine = new TemporalEngine({ address: temporal.address, namespace: "default", log });
});
afterAll(async () => {
  await engine?.close();
  await worker?.stop();
  await temporal?.stop();
});

async function begin(script: readonly ScriptLine[], taskQueue = QUEUE): Promise<string> {
  const workflowId = randomUUID();
  await engine.start({ workflowId, workflowType: TYPE, taskQueue, input: { script }, lock: {}, tenantSlug: "acme" });
  return workflowId;
}

async function closed(workflowId: string) {
  return until(async () => {
    const state = await engine.describe(workflowId);
    return state.status === "running" ? undefined : state;
  });
}

/** Asks until there is an answer; the test's own timeout bounds it. */
async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
  }
}

/** Takes the next workflow task of a queue as a host does, and ends it without a word on the updates that came with it; gives their number. */
async function giveBack(queue: string): Promise<number> {
  const connection = await Connection.connect({ address: temporal.address });
  const caller = { namespace: "default", identity: "a host without time" };
  const task = await until(async () => {
    const poll = () => connection.workflowService.pollWorkflowTaskQueue({ ...caller, taskQueue: { name: queue } });
    const polled = await connection.withDeadline(Date.now() + 20_000, poll);
    return polled.taskToken.length > 0 ? polled : undefined;
  });
  await connection.workflowService.respondWorkflowTaskCompleted({ ...caller, taskToken: task.taskToken });
  await connection.close();
  return task.messages.length;
}

function pipe(socket: Socket, address: string): void {
  const [host, port] = address.split(":");
  const upstream = connect(Number(port), host);
  socket.pipe(upstream).pipe(socket);
  for (const end of [socket, upstream]) end.on("error", () => socket.destroy());
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  return thrown instanceof NtroError ? thrown.code : String(thrown);
}

describe("executions", () => {
  it("starts one execution for an id, whatever is repeated", async () => {
    const workflowId = randomUUID();
    const execution = {
      workflowId,
      workflowType: TYPE,
      taskQueue: QUEUE,
      input: { script: [{ do: "review", title: "R" }] },
      lock: { child: { type: "c", queue: "q" } },
      tenantSlug: "acme",
    };
    const first = await engine.start(execution);
    expect(await engine.start(execution)).toEqual(first);
    expect(await engine.describe(workflowId)).toEqual({ status: "running", runId: first.runId });
    await engine.terminate(workflowId, "end of test");
    expect(await engine.start(execution)).toEqual(first);
  });

  it("gives the result of a completed execution, once and for all", async () => {
    const workflowId = await begin([]);
    expect(await closed(workflowId)).toMatchObject({ status: "completed", result: { answers: [] } });
  });

  it("tells the author's own failure", async () => {
    const workflowId = await begin([{ do: "fail", message: "The bank statement is missing." }]);
    expect(await closed(workflowId)).toMatchObject({
      status: "failed",
      failure: { type: "RunbookFailure", message: "The bank statement is missing." },
    });
  });

  it("does not know what was never started", async () => {
    expect(await engine.describe(randomUUID())).toEqual({ status: "absent" });
    expect(await engine.inspect(randomUUID())).toBeNull();
  });

  it("refuses an input that Temporal would not take, at once", async () => {
    const started = Date.now();
    const workflowId = randomUUID();
    const start = engine.start({
      workflowId,
      workflowType: TYPE,
      taskQueue: QUEUE,
      input: { big: "x".repeat(1_600_000) },
      lock: {},
      tenantSlug: "acme",
    });
    expect(await codeOf(start)).toBe("INPUT_INVALID");
    expect(Date.now() - started).toBeLessThan(1_000);
    expect(await engine.describe(workflowId)).toEqual({ status: "absent" });
  });

  it("takes an input just below the limit", async () => {
    const workflowId = randomUUID();
    await engine.start({
      workflowId,
      workflowType: TYPE,
      taskQueue: QUEUE,
      input: { big: "x".repeat(1_400_000) },
      lock: {},
      tenantSlug: "acme",
    });
    expect((await closed(workflowId)).status).toBe("completed");
  });

  it("shows type, queue and the newest events", async () => {
    const workflowId = await begin([{ do: "review", title: "R" }]);
    await engine.state(workflowId);
    const shown = await engine.inspect(workflowId);
    expect(shown).toMatchObject({ taskQueue: QUEUE, workflowType: TYPE, closedAt: null });
    expect(shown?.events.map((event) => event.eventType).slice(0, 2)).toEqual([
      "WorkflowExecutionStarted",
      "WorkflowTaskScheduled",
    ]);
    await engine.terminate(workflowId, "end of test");
  });

  it("cancels and terminates, and does not mind what has ended", async () => {
    const cancelled = await begin([{ do: "review", title: "R" }]);
    await engine.state(cancelled);
    await engine.cancel(cancelled, "not needed");
    expect(await closed(cancelled)).toMatchObject({ status: "failed", failure: { type: "Cancelled" } });
    await engine.cancel(cancelled, "again");
    const terminated = await begin([{ do: "review", title: "R" }], "ntro/nobody/ts");
    await engine.terminate(terminated, "its code cannot answer");
    expect(await closed(terminated)).toMatchObject({
      status: "failed",
      failure: { type: "Cancelled", message: "its code cannot answer" },
    });
    await engine.terminate(randomUUID(), "never was");
  });

  it("lists tasks that closed since a moment, and no children", async () => {
    const since = new Date();
    const child: ScriptLine = {
      do: "child",
      slug: "ingest",
      type: "ingest@1.0.0+0123456789ab",
      queue: QUEUE,
      script: [],
    };
    const workflowId = await begin([child]);
    await closed(workflowId);
    const ids = await until(async () => {
      const found = await engine.closedSince(since);
      return found.includes(workflowId) ? found : undefined;
    });
    expect(ids.filter((id) => id.startsWith(workflowId))).toEqual([workflowId]);
    expect(await engine.closedSince(new Date(Date.now() + 60_000))).toEqual([]);
  });
});

describe("answers", () => {
  it("reaches the gate it names, once, and tells a refusal", async () => {
    const workflowId = await begin([
      { do: "review", title: "One" },
      { do: "review", title: "Two" },
    ]);
    const [gate] = (await engine.state(workflowId)).gates;
    const answer = { gate: gate?.token, type: "approved", actedBy: ACTOR };
    const updateId = randomUUID();
    await engine.update(workflowId, "ntro_decide", updateId, answer);
    await engine.update(workflowId, "ntro_decide", updateId, answer);
    await expect(engine.update(workflowId, "ntro_decide", randomUUID(), answer)).rejects.toThrow(
      new AnswerRefused("GATE_NOT_OPEN", "This gate is not open."),
    );
    const [second] = (await engine.state(workflowId)).gates;
    expect(second?.title).toBe("Two");
    const last = randomUUID();
    await engine.update(workflowId, "ntro_decide", last, { ...answer, gate: second?.token });
    expect(await closed(workflowId)).toMatchObject({
      status: "completed",
      result: { answers: [{ gate: gate?.token }, { gate: second?.token }] },
    });
    // Sent again after a crash: it is known, although the execution has ended.
    await engine.update(workflowId, "ntro_decide", last, { ...answer, gate: second?.token });
    expect(await codeOf(engine.update(workflowId, "ntro_decide", randomUUID(), answer))).toBe("TASK_CLOSED");
  });

  it("reaches workflow code, though a host that had no time for it has given it back", async () => {
    const queue = "ntro/hasty/ts";
    const workflowId = await begin(
      [
        { do: "review", title: "One" },
        { do: "review", title: "Two" },
      ],
      queue,
    );
    const first = await startScriptedWorker(temporal.address, queue);
    const answer = async () => {
      const [gate] = (await engine.state(workflowId)).gates;
      return { gate: gate?.token, type: "approved", actedBy: ACTOR };
    };
    await engine.update(workflowId, "ntro_decide", randomUUID(), await answer());
    const last = await answer();
    await first.stop();
    const answered = engine.update(workflowId, "ntro_decide", randomUUID(), last);
    expect(await giveBack(queue)).toBe(1);
    const second = await startScriptedWorker(temporal.address, queue);
    await answered;
    expect(await closed(workflowId)).toMatchObject({ status: "completed" });
    await second.stop();
  });

  it("says in time that no host answers", async () => {
    const workflowId = await begin([{ do: "review", title: "R" }], "ntro/nobody/ts");
    expect(await codeOf(engine.state(workflowId, 500))).toBe("TASK_UNREACHABLE");
    expect(await codeOf(engine.state(randomUUID()))).toBe("TASK_CLOSED");
    await engine.terminate(workflowId, "end of test");
  });

  it("says in time that the code is failing", async () => {
    const workflowId = await begin([{ do: "bug" }]);
    await until(async () =>
      (await engine.inspect(workflowId))?.events.some((event) => event.failureMessage === "a bug in workflow code")
        ? true
        : undefined,
    );
    expect(await codeOf(engine.state(workflowId, 1_000))).toBe("TASK_UNREACHABLE");
    await engine.terminate(workflowId, "end of test");
  });
});

describe("a Temporal that is away", () => {
  it("is told as such within the deadline, and found again when it is back", async () => {
    const placeholder = createServer();
    await new Promise<void>((resolve) => placeholder.listen(0, "127.0.0.1", resolve));
    const address = placeholder.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    await new Promise((resolve) => placeholder.close(resolve));
    const away = new TemporalEngine({ address: `127.0.0.1:${address.port}`, namespace: "default", log });
    expect(await away.healthy()).toBe(false);
    expect(await codeOf(away.describe(randomUUID()))).toBe("ENGINE_UNAVAILABLE");
    expect(await codeOf(away.state(randomUUID(), 1_000))).toBe("ENGINE_UNAVAILABLE");
    const proxy = createServer((socket) => pipe(socket, temporal.address));
    await new Promise<void>((resolve) => proxy.listen(address.port, "127.0.0.1", resolve));
    expect(await until(async () => ((await away.healthy()) ? true : undefined))).toBe(true);
    expect(await away.describe(randomUUID())).toEqual({ status: "absent" });
    await away.close();
    await new Promise((resolve) => proxy.close(resolve));
  });
});
