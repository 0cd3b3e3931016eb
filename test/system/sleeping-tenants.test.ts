import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createAcme, PLACE, Platform, ROOT } from "./platform";

const LANGUAGES = ["typescript", "python"] as const;
type Each = Record<(typeof LANGUAGES)[number], string>;

const SLUGS: Each = { typescript: "check-lines", python: "review-lines" };

const platform = new Platform();
let folder = "";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "ntro-sleeping-"));
  // Longer than a host takes to start.
  platform.settings.NTRO_IDLE_MINUTES = "0.1";
  await platform.up();
  await createAcme(platform);
  await Promise.all(
    LANGUAGES.map((language) => platform.json("workflow", "create", "--path", runbook(language), ...PLACE)),
  );
});
afterAll(async () => {
  await platform.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** The same runbook in either language; a class of Python has the name of its slug, so the TypeScript one takes another. */
function runbook(language: (typeof LANGUAGES)[number]): string {
  const path = join(folder, language);
  cpSync(join(ROOT, "test/fixtures", language, "review-lines"), path, { recursive: true });
  const about = join(path, "runbook.md");
  writeFileSync(about, readFileSync(about, "utf8").replace(/^slug: .*$/m, `slug: ${SLUGS[language]}`));
  return path;
}

/** Starts a task of each language and waits until its review is open. */
async function start(period: string, ...params: string[]): Promise<Each> {
  const ids = await Promise.all(
    LANGUAGES.map(async (language) => {
      const run = ["workflow", "run", SLUGS[language], ...PLACE, "--period", period, ...params];
      const { id } = await platform.json<{ id: string }>(...run);
      await platform.waitForEvent(id, ({ type }) => type === "task.gate_opened");
      return [language, id] as const;
    }),
  );
  return Object.fromEntries(ids) as Each;
}

async function asleep(): Promise<void> {
  await expect.poll(() => platform.hosts(), { interval: 200 }).toEqual([]);
}

it("stops the hosts of tasks that wait for people, and starts them for whoever asks, for a gate's timeout and for an answer", async () => {
  const waiting = await start("2026-03");
  await asleep();

  for (const language of LANGUAGES) {
    // Whoever asks is answered within 12 s, or that it is not known yet.
    await expect.poll(() => platform.typed("run", "next", waiting[language])).toContain("Lines of March");
  }

  const limited = await start("2026-04", "--param", "reviewTimeoutMs=9000");
  await asleep();
  for (const language of LANGUAGES) {
    await platform.waitForEvent(limited[language], ({ type }) => type === "task.completed");
    const task = await platform.client().call("tasks.get", { params: { id: limited[language] } });
    expect(task).toMatchObject({ result: { decision: "timed_out" } });
  }

  await asleep();
  for (const language of LANGUAGES) {
    const opened = (count: number) => {
      let seen = 0;
      return platform.waitForEvent(waiting[language], ({ type }) => type === "task.gate_opened" && ++seen === count);
    };
    await platform.typed("run", "approve", waiting[language]);
    await opened(2);
    await platform.typed("run", "approve", waiting[language]);
    await platform.waitForEvent(waiting[language], ({ type }) => type === "task.completed");
  }
}, 120_000);
