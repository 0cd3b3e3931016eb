import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { QUERIES, SIGNALS } from "@ntro/contract";
import { expect, test } from "vitest";
import type { HostUnderTest } from "../host-under-test";
import { document, type Task } from "../task";
import type { Trial } from "../trial";

/**
 * Where examples of every answer lie, for hosts of all languages and for those who read them; where the published Python SDK has shapes of its own,
 * `python/` holds those. `NTRO_WRITE_GOLDEN=1` writes them anew, TypeScript's before Python's.
 */
const GOLDEN = fileURLToPath(new URL("../../../packages/contract/golden/", import.meta.url));

/** Every published query has exactly the published shape, and `ntro_state` that of the contract. */
export function shapes(host: HostUnderTest, trial: () => Trial): void {
  const isGolden = async (task: Task, name: string) => {
    const steadied = await answersOf(task);
    const golden = await goldenFile(host, name, steadied);
    expect(steadied).toEqual(JSON.parse(await readFile(golden, "utf8")));
  };

  test("a review answers all queries as golden/review.json has it", async () => {
    const task = await trial().start("review-lines");
    const gate = await task.gate("Lines of March");
    await task.rowAction(gate, { action: "edit_cell", row_id: "a", field: "note", value: "Rent of March" });
    await task.checked();
    await isGolden(task, "review");
  });

  test("a file that is asked for: golden/submit-file.json", async () => {
    const task = await trial().start("collect-files");
    await task.gate("Signed lease");
    await isGolden(task, "submit-file");
  });

  test("several files, one of them there, after feedback: golden/submit-files.json", async () => {
    const task = await trial().start("collect-files");
    await task.submit(await task.gate("Signed lease"), "lease");
    const first = await task.gate("Sources of March");
    await task.submit(first, "rent-roll", { size_bytes: 0 });
    await task.submit(first, "trial-balance");
    await task.submit(await task.askedAgain(first), "rent-roll");
    await isGolden(task, "submit-files");
  });

  test("children that run: golden/children.json", async () => {
    const task = await trial().start("parent", { run: "all" });
    const { children } = await task.reported(
      ({ children }) =>
        children.length === 2 &&
        children.some((child) => child.status === "completed") &&
        children.every((child) => child.run_id !== undefined),
    );
    const open = children.find((child) => child.status === "running");
    await task.child(trial().client.workflow, open?.workflow_id ?? "").gate();
    await isGolden(task, "children");
  });

  test("a task that has ended: golden/ended.json", async () => {
    const task = await trial().start("collect-files");
    await task.submit(await task.gate("Signed lease"), "lease");
    const gate = await task.gate("Sources of March");
    await task.submit(gate, "rent-roll");
    await task.signal(SIGNALS.documentSubmitted, document("trial-balance"));
    await task.result();
    await isGolden(task, "ended");
  });
}

/** The file that a host's answers are held against; written when asked for, and only where they differ from what holds for all. */
async function goldenFile(host: HostUnderTest, name: string, answers: unknown): Promise<string> {
  const shared = `${GOLDEN}${name}.json`;
  const own = `${GOLDEN}${host.language}/${name}.json`;
  if (process.env.NTRO_WRITE_GOLDEN) {
    if (host.language === "typescript") await writeFile(shared, JSON.stringify(answers, null, 2));
    else await writeOwn(own, answers, JSON.parse(await readFile(shared, "utf8")));
  }
  return existsSync(own) ? own : shared;
}

async function writeOwn(path: string, answers: unknown, shared: unknown): Promise<void> {
  if (isDeepStrictEqual(answers, shared)) await rm(path, { force: true });
  else await writeFile(path, JSON.stringify(answers, null, 2));
}

/** What every query answers at this moment, steadied. */
async function answersOf(task: Task): Promise<unknown> {
  await task.state();
  const answers: Record<string, unknown> = {};
  // Python's None arrives as undefined.
  for (const query of Object.values(QUERIES)) answers[query] = (await task.query(query)) ?? null;
  return steady(answers, task.id);
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** What people sent keeps its own time. */
const SENT = "2026-04-03T08:00:00.000Z";

/** The answers with what differs from run to run replaced: ids, tokens, times, the count of changes. */
function steady(value: unknown, taskId: string): unknown {
  const text = JSON.stringify(value, (key, inner: unknown) => {
    if (key === "seq") return 1;
    if (typeof inner !== "string" || inner === SENT) return inner;
    if (TIME.test(inner)) return "2026-04-01T00:00:00.000Z";
    const named = inner.replaceAll(taskId, "10000000-0000-4000-8000-000000000001");
    return named === inner && UUID.test(inner) ? "20000000-0000-4000-8000-000000000002" : named;
  });
  return JSON.parse(text);
}
