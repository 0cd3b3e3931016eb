import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Task } from "@ntro/contract";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { LEGS, RELAYS, type Relay, RelayBundles, type Slug } from "../chaos/bundles";
import { openReviews } from "./gates";
import { createAcme, PLACE, Platform } from "./platform";

/** What may befall a platform while tasks of it are in flight; each comes on top of those before. */
interface Mishap {
  readonly what: string;
  /** Where the tasks are that are finished after it: at their own gate, with their children yet to come, or at those of their children. */
  readonly at: "own gate" | "children's gates";
  readonly come: () => Promise<unknown>;
}

const MISHAPS: readonly Mishap[] = [
  { what: "new versions of it and its children", at: "own gate", come: () => deployAll("1.1.0", "second") },
  { what: "other content under its own version and theirs", at: "own gate", come: () => deployAll("1.0.0", "third") },
  { what: "the loss of its files from the worker's disk", at: "own gate", come: loseFilesOfFirst },
  { what: "SIGKILL of its hosts", at: "children's gates", come: () => platform.kill("host") },
  { what: "SIGKILL of the worker", at: "children's gates", come: () => platform.kill("worker") },
];

const platform = new Platform();
const bundles = new RelayBundles();
/** Where the first revisions are installed. */
const folders: string[] = [];
/** Tasks that were started before anything happened, by what has to happen before they are finished. */
const waiting = new Map<Mishap, string[]>();
beforeAll(async () => {
  await platform.up();
  await createAcme(platform);
  for (const { slug, digest } of await deployAll("1.0.0", "first"))
    folders.push(join(platform.home, "workflows/acme-fund", slug, "1.0.0", digest));
});
afterAll(async () => {
  bundles.remove();
  await platform.remove();
});
afterEach((context) => {
  if (context.task.result?.state === "fail") process.stderr.write(platform.logs());
});

/** Deploys a revision of all four runbooks and binds them. */
function deployAll(version: string, word: string): Promise<{ slug: Slug; digest: string }[]> {
  return Promise.all(
    [...LEGS, ...RELAYS].map(async (slug) => {
      const path = bundles.write(slug, version, word);
      const { digest } = await platform.json<{ digest: string }>("workflow", "create", "--path", path, ...PLACE);
      return { slug, digest };
    }),
  );
}

/** A host that was not restarted has them in memory. */
async function loseFilesOfFirst(): Promise<void> {
  for (const folder of folders) {
    expect(existsSync(folder)).toBe(true);
    rmSync(folder, { recursive: true });
  }
  await platform.kill("host");
}

async function startUntil(at: Mishap["at"], relay: Relay): Promise<string> {
  const ask = `ask=${at === "children's gates"}`;
  const { id } = await platform.json<Task>("workflow", "run", relay, ...PLACE, "--param", ask);
  await openReviews(platform, id);
  if (at === "own gate") return id;
  await approve(id);
  await openReviews(platform, id, 2);
  return id;
}

const approve = (id: string) => platform.typed("run", "approve", id, "--correct", "line=amount=7");

/** Answers whatever a task still asks for, and gives how it ended. */
async function finish(id: string, at: Mishap["at"]): Promise<Task> {
  if (at === "own gate") await approve(id);
  else
    for (const { token } of await openReviews(platform, id, 2))
      await platform.typed("run", "approve", id, "--gate", token);
  await platform.waitForEvent(id, ({ type }) => type === "task.completed" || type === "task.failed");
  return platform.client().call("tasks.get", { params: { id } });
}

/** What a task gives that ran on the same set of revisions from its beginning to its end, its children included. */
function wholly(word: string) {
  const leg = { revision: word, posted: word };
  return { status: "COMPLETED", result: { revision: word, opened: word, closed: word, amount: "7", legs: [leg, leg] } };
}

describe("a task in flight finishes on its own code and that of its children", { timeout: 120_000 }, () => {
  it("from where it waits", async () => {
    for (const mishap of MISHAPS)
      waiting.set(mishap, await Promise.all(RELAYS.map((relay) => startUntil(mishap.at, relay))));
  });

  it.each(MISHAPS)("after $what ($at)", async (mishap) => {
    await mishap.come();
    for (const id of waiting.get(mishap) ?? []) expect(await finish(id, mishap.at), id).toMatchObject(wholly("first"));
  });

  it("and has fetched again what was lost", () => {
    for (const folder of folders) expect(existsSync(folder)).toBe(true);
  });

  it.each(RELAYS)("while the next task is of what was deployed last: %s", async (relay) => {
    const id = await startUntil("own gate", relay);
    expect(await finish(id, "own gate")).toMatchObject(wholly("third"));
  });
});
