import { randomUUID } from "node:crypto";
import type { Language, Lock } from "@ntro/contract";
import { Client, Connection } from "@temporalio/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Endings } from "../support/endings";
import { startTestTemporal } from "../support/temporal";
import type { StartedHost } from "./host-under-test";
import { pythonHost } from "./python-host";
import { Reports } from "./reports";
import { IDENTITY, type Task } from "./task";
import { startTask } from "./trial";
import { typescriptHost } from "./typescript-host";

/** A host of each language on one Temporal, each on a queue of its own. */
interface Side {
  readonly host: StartedHost;
  readonly queue: string;
}

let client: Client;
let sides: Record<Language, Side>;
const reports = new Reports();
const endings = new Endings();

beforeAll(async () => {
  const temporal = await startTestTemporal();
  endings.add(temporal.stop);
  const connection = await Connection.connect({ address: temporal.address });
  endings.add(() => connection.close());
  client = new Client({ connection });
  const start = async (underTest: typeof pythonHost): Promise<Side> => {
    const host = await underTest.start(temporal.address);
    endings.add(host.stop);
    const queue = `${underTest.language}-${randomUUID()}`;
    const serving = await host.serve(queue, reports.take);
    endings.add(serving.stop);
    return { host, queue };
  };
  sides = { typescript: await start(typescriptHost), python: await start(pythonHost) };
});

afterAll(() => endings.all());

const LANGUAGES = [
  ["typescript", "python"],
  ["python", "typescript"],
] as const;

describe.each(LANGUAGES)("a %s parent with a %s child", (ofParent, ofChild) => {
  const parent = (run: string): Promise<Task> => {
    const [own, other] = [sides[ofParent], sides[ofChild]];
    const lock: Lock = { leaf: { type: other.host.types.leaf, queue: other.queue } };
    return startTask({
      client,
      reports,
      place: { type: own.host.types.parent, queue: own.queue },
      lock,
      input: { run },
    });
  };
  const onlyChild = async (task: Task): Promise<Task> => {
    const [child] = await task.children(client.workflow, 1);
    if (!child) throw new Error("A child was reported.");
    return child;
  };

  test("the child runs as its own language's revision, and its result is typed as the parent expects", async () => {
    const task = await parent("one");
    const child = await onlyChild(task);
    const gate = await child.gate("May only go on?");
    const described = await child.handle.describe();
    expect(described.type).toBe(sides[ofChild].host.types.leaf);
    expect(described.taskQueue).toBe(sides[ofChild].queue);
    expect(described.memo).toEqual((await task.handle.describe()).memo);
    await child.approve(gate);
    expect(await task.result()).toEqual({ names: ["only", IDENTITY.tenant_slug] });
    expect((await task.lastReport()).children).toMatchObject([{ workflow_id: child.id, status: "completed" }]);
  });

  test("several children at once give their results in order", async () => {
    const task = await parent("all");
    const [, south] = await task.children(client.workflow, 2);
    if (!south) throw new Error("Two children were reported.");
    await south.approve(await south.gate("May s go on?"));
    expect(await task.result()).toEqual({ names: ["n", "s"] });
  });

  test("a child's failure fails the parent with its type, after its siblings' ends", async () => {
    const task = await parent("failing");
    const [, good] = await task.children(client.workflow, 2);
    if (!good) throw new Error("Two children were reported.");
    await task.reported((report) => report.children.some((child) => child.status === "failed"));
    await good.approve(await good.gate());
    expect(await task.failure()).toEqual({ type: "LeafFailed", message: "b cannot be done." });
  });

  test("cancelling the parent cancels the child", async () => {
    const task = await parent("one");
    const child = await onlyChild(task);
    await child.gate();
    await task.handle.cancel();
    expect(await child.failure()).toMatchObject({ type: "CancelledFailure" });
    expect(await task.failure()).toMatchObject({ type: "CancelledFailure" });
  });
});
