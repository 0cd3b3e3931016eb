import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Fault, PutWorkflow, RunbookVersion } from "@ntro/contract";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type TestCli, testCli } from "../../packages/cli/src/testing/run-in-process";
import { smallBundle } from "../support/bundle";
import { HandHost } from "../support/hand-host";
import { ScriptedPlatform } from "../support/scripted-platform";

const REVIEW = [{ do: "review" as const, title: "R" }];
const FAULT: Fault = { code: "TYPESCRIPT_ERROR", message: "Wrong.", path: "templates/workflow.ts", line: 1 };

let platform: ScriptedPlatform;
let host: HandHost;
let cli: TestCli;
let entity: string;
/** A runbook and an entity of the test's own. */
let slug: string;
let spv: string;
let count = 0;

beforeAll(async () => {
  platform = await ScriptedPlatform.start();
  host = new HandHost(platform);
  cli = testCli({ NTRO_HOST: platform.server.url, NTRO_API_KEY: platform.server.keys.admin, NTRO_TENANT: "acme" });
});
afterAll(async () => {
  cli.remove();
  await platform.stop();
});
beforeEach(async () => {
  count++;
  slug = `book-${count}`;
  spv = `ent-${count}`;
  entity = await platform.newEntity(spv);
});

const put = async (body: Partial<PutWorkflow> = {}) =>
  (await platform.client.call("workflows.put", { body: { runbookSlug: slug, entityId: entity, ...body } })).workflow;
const versions = () => platform.client.call("runbooks.versions", { params: { slug }, query: { tenant: "acme" } });
const promote = (version: string) =>
  platform.client.call("runbooks.promote", { params: { slug }, body: { tenantSlug: "acme", version } });
const prune = (body: { keep?: number; dryRun?: boolean } = {}) =>
  platform.client.call("runbooks.prune", { body: { tenantSlug: "acme", slug, ...body } });

/** Starts a task and gives the content it runs. */
async function runs(workflowId: string): Promise<{ task: string; version: string; digest: string }> {
  const { id } = await platform.run(REVIEW, { workflowId });
  const row = await platform.server.services.db
    .selectFrom("tasks as t")
    .innerJoin("revisions as r", "r.id", "t.revision_id")
    .select(["r.version", "r.digest"])
    .where("t.id", "=", id)
    .executeTakeFirstOrThrow();
  return { task: id, ...row };
}

async function standing(): Promise<Record<string, RunbookVersion["status"]>> {
  return Object.fromEntries((await versions()).map(({ version, digest, status }) => [`${version}+${digest}`, status]));
}

/** Whether the tenant's database holds the content of a revision. */
async function isKept(version: string, digest: string): Promise<boolean> {
  const { db, tenantDatabases } = platform.server.services;
  const { id } = await db.selectFrom("tenants").select("id").where("slug", "=", "acme").executeTakeFirstOrThrow();
  const type = `${slug}@${version}+${digest.slice(0, 12)}`;
  const rows = await tenantDatabases.query(id, "select 1 from ntro.revisions where workflow_type = $1", [type]);
  return rows.length > 0;
}

function writeBundle(version: string, salt = "", more: Record<string, string> = {}): string {
  const folder = join(cli.home, `${slug}-${version}-${salt}`);
  for (const [path, text] of Object.entries({ ...smallBundle(slug, version, salt), ...more })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

describe("which version a task runs", () => {
  it("is the current one for whatever is not pinned, from the first task after a deploy on, 20 times in a row", async () => {
    await host.deploy(slug, "0.0.0");
    const { id } = await put();
    for (let patch = 1; patch <= 20; patch++) {
      const digest = await host.deploy(slug, `0.0.${patch}`);
      expect(await runs(id)).toMatchObject({ version: `0.0.${patch}`, digest });
    }
  });

  it("stays where it is pinned, and one workflow's way back moves no other", async () => {
    await host.deploy(slug, "1.0.0");
    const follows = await put();
    const pinned = await put({ name: `${slug} pinned`, runbookVersion: "1.0.0" });
    await host.deploy(slug, "2.0.0");
    expect((await runs(follows.id)).version).toBe("2.0.0");
    expect((await runs(pinned.id)).version).toBe("1.0.0");

    // Back with the old folder, which is uploaded again, and without it.
    const other = await put({ name: `${slug} other` });
    const back = ["workflow", "create", "--entity", spv, "--pin", "--path"];
    expect((await cli.run([...back, writeBundle("1.0.0")])).stderr).toContain("2.0.0+");
    expect((await runs(follows.id)).version).toBe("1.0.0");
    expect((await runs(other.id)).version).toBe("2.0.0");
    await put({ runbookVersion: null });
    expect((await runs(follows.id)).version).toBe("2.0.0");
    expect((await cli.run([...back, `./${slug}@1.0.0/`])).exit).toBe(0);
    expect((await runs(follows.id)).version).toBe("1.0.0");
    await put({ runbookVersion: "2.0.0" });
    expect((await runs(follows.id)).version).toBe("2.0.0");
    await promote("1.0.0");
    expect([(await runs(other.id)).version, (await runs(follows.id)).version]).toEqual(["1.0.0", "2.0.0"]);
    expect((await versions()).map(({ version, current }) => [version, current])).toEqual([
      ["2.0.0", false],
      ["1.0.0", true],
    ]);
  });

  it("is another content of the pinned version once that is ready, and of its open tasks the one they started with", async () => {
    const first = await host.deploy(slug, "1.0.0");
    const { id } = await put({ runbookVersion: "1.0.0" });
    const before = await runs(id);
    const second = await host.deploy(slug, "1.0.0", { salt: "again" });
    expect([before.digest, (await runs(id)).digest]).toEqual([first, second]);
    expect((await versions()).map(({ digest, pinnedBy, openTasks }) => [digest, pinnedBy.length, openTasks])).toEqual([
      [second, 1, 1],
      [first, 0, 1],
    ]);
  });

  it("is as it was after a deployment that failed, and so are pin, schedule and next runs", async () => {
    await host.deploy(slug, "1.0.0");
    const { id } = await put({ runbookVersion: "1.0.0", schedule: "0 8 5 * *", timezone: "Europe/London" });
    const [before] = await versions();
    const workflow = await platform.client.call("workflows.get", { params: { id } });
    const { id: deployment } = await host.upload(slug, "2.0.0");
    await host.faulty(deployment, [FAULT]);
    const [failed, after] = await versions();
    expect(failed).toMatchObject({ version: "2.0.0", status: "failed", current: false });
    expect(after).toEqual(before);
    expect(await platform.client.call("workflows.get", { params: { id } })).toEqual(workflow);
    expect((await runs(id)).version).toBe("1.0.0");
  });
});

describe("two deploys of one runbook at once", () => {
  it("have one order, and both are told what is current in the end, and by whom", async () => {
    await host.deploy(slug, "0.9.0");
    const create = (version: string) =>
      cli.run(["workflow", "create", "--entity", spv, "--path", writeBundle(version)]);
    const asked = new Map<string, string>();
    const remember = (id: string) =>
      platform.client.call("deployments.get", { params: { id } }).then(({ version }) => void asked.set(version, id));
    const early = create("1.0.0");
    await host.next(slug, remember);
    const late = create("2.0.0");
    await expect.poll(async () => (await versions()).length).toBe(3);
    const later = (await platform.server.services.db
      .selectFrom("deployments as d")
      .innerJoin("revisions as r", "r.id", "d.revision_id")
      .select("d.id")
      .where("r.slug", "=", slug)
      .where("r.version", "=", "2.0.0")
      .executeTakeFirstOrThrow()) as { id: string };
    const first = asked.get("1.0.0") ?? "";
    expect(await platform.client.call("deployments.get", { params: { id: first } })).toMatchObject({
      overtakenBy: { version: "2.0.0" },
    });
    await host.ready(later.id);
    expect((await late).stderr).toMatch(/ready +book-\d+@2\.0\.0, it is current {2}/);
    await host.ready(first);
    expect((await early).stderr).toMatch(
      /ready +book-\d+@1\.0\.0, 2\.0\.0\+[0-9a-f]{12} of .+ stays current \(since 20/,
    );
    expect((await versions()).find(({ current }) => current)?.version).toBe("2.0.0");
  });

  it("tell the earlier one, ready first, that it will be overtaken", async () => {
    const first = await host.upload(slug, "1.0.0");
    const second = await host.upload(slug, "2.0.0");
    await host.ready(first.id);
    const told = await platform.client.call("deployments.get", { params: { id: first.id } });
    expect(told).toMatchObject({ current: true, currentNow: { version: "1.0.0" }, overtakenBy: { version: "2.0.0" } });
    await host.ready(second.id);
    expect(await platform.client.call("deployments.get", { params: { id: first.id } })).toMatchObject({
      current: true,
      currentNow: { version: "2.0.0", digest: second.digest, by: expect.stringMatching(/./) },
      overtakenBy: null,
    });
  });
});

describe("prune", () => {
  it("removes what nothing uses, and says why the rest stays", async () => {
    const gone = [await host.deploy(slug, "0.1.0"), await host.deploy(slug, "0.2.0", { salt: "older" })] as const;
    const pinned = await host.deploy(slug, "0.2.0");
    await put({ name: `${slug} pinned`, runbookVersion: "0.2.0" });
    const running = await host.deploy(slug, "0.3.0");
    const { task } = await runs((await put()).id);
    const child = await host.deploy(slug, "0.4.0");
    const parent = `parent-${count}`;
    await host.deploy(parent, "1.0.0", { described: { children: [slug] } });
    const parents = await runs((await put({ runbookSlug: parent })).id);
    const { id: failing, digest: failed } = await host.upload(slug, "0.5.0");
    await host.faulty(failing, [FAULT]);
    const current = await host.deploy(slug, "0.6.0");
    const { digest: pending } = await host.upload(slug, "0.7.0");

    const before = await versions();
    const planned = await prune({ dryRun: true });
    expect(await versions()).toEqual(before);
    const done = await prune();
    expect(done).toEqual({ ...planned, dryRun: false });
    expect(new Set(done.removed.map(({ digest }) => digest))).toEqual(new Set([...gone, failed]));
    expect(
      Object.fromEntries(done.kept.map(({ digest, reasons }) => [digest, reasons.map(({ text }) => text)])),
    ).toEqual({
      [pending]: ["a deployment of it is under way"],
      [current]: ["it is current"],
      [child]: [`locked for children: task ${parents.task}`],
      [running]: [`started on it: task ${task}`],
      [pinned]: [`pinned by ${slug} pinned (${spv})`],
    });
    for (const { version, digest } of done.removed) expect(await isKept(version, digest)).toBe(false);
    for (const { version, digest } of done.kept) expect(await isKept(version, digest)).toBe(true);

    const { stdout } = await cli.run(["runbook", "versions", slug]);
    expect(stdout.split("\n").filter((line) => line.includes("pruned"))).toHaveLength(3);
    expect(stdout.split("\n").every((line) => line.length <= 120)).toBe(true);
    expect(stdout).toMatch(/\* +0\.6\.0 +[0-9a-f]{12} +ts +ready/);
    expect(stdout).toMatch(/0\.3\.0 .* 1 open\n/);
    expect(stdout).toMatch(/0\.4\.0 .* 1 as child\n/);
    expect(stdout).toMatch(new RegExp(`\\* 0\\.6\\.0\\+${current.slice(0, 12)} is current since 20.*Z, moved by `));
    const again = await cli.run(["runbook", "prune", slug]);
    expect(again).toMatchObject({ exit: 0, stderr: expect.stringContaining("0 versions removed, 5 kept.") });
    expect(again.stdout).toContain(`kept          ${slug}@0.6.0+${current.slice(0, 12)}: it is current`);
  });

  it("is on record, told to workers, and undone by uploading the same content again", async () => {
    const old = await host.deploy(slug, "1.0.0");
    await host.deploy(slug, "2.0.0");
    const { id: workflow } = await put();
    await prune();
    const { db } = platform.server.services;
    for (const table of [
      db.selectFrom("events").select("type as what").where("type", "=", "runbook.pruned"),
      db.selectFrom("audit").select("action as what").where("action", "=", "runbook.pruned"),
    ])
      expect((await table.execute()).length).toBeGreaterThan(0);
    const worker = platform.server.client(platform.server.keys.worker);
    const held = { tenant: "acme", slug, version: "1.0.0", digest: old };
    const onDisk = { revisions: [held, { ...held, digest: "0".repeat(64) }, { ...held, version: "2.0.0" }] };
    expect((await worker.call("worker.desired", {})).prunedAt).not.toBeNull();
    expect((await worker.call("worker.prunedRevisions", { body: onDisk })).revisions).toEqual([held]);

    await expect(promote("1.0.0")).rejects.toMatchObject({
      code: "RUNBOOK_NOT_READY",
      message: expect.stringContaining("was pruned on"),
      hint: expect.stringContaining("Deploy it again"),
    });
    await expect(put({ runbookVersion: "1.0.0" })).rejects.toMatchObject({ code: "VERSION_NOT_FOUND" });
    expect(await cli.run(["workflow", "create", "--path", `./${slug}@1.0.0`, "--entity", spv, "--pin"])).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining("no ready version 1.0.0"),
    });
    expect(await cli.run(["runbook", "diff", slug, "1.0.0"])).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining("was pruned on"),
    });

    // Not ready at once: it is made ready anew, and serves from then on.
    const back = await host.upload(slug, "1.0.0", { pin: true });
    expect(back).toMatchObject({ status: "pending", digest: old });
    expect((await worker.call("worker.prunedRevisions", { body: onDisk })).revisions).toEqual([]);
    expect(await standing()).toMatchObject({ [`1.0.0+${old}`]: "pending" });
    await host.ready(back.id);
    await put({ runbookVersion: "1.0.0" });
    expect(await runs(workflow)).toMatchObject({ version: "1.0.0", digest: old });
  });

  it("leaves nothing of what was uploaded again and could not be made ready", async () => {
    const old = await host.deploy(slug, "1.0.0");
    await host.deploy(slug, "2.0.0");
    await prune();
    const { id } = await host.upload(slug, "1.0.0");
    await platform.server.upkeep.tick();
    expect(await isKept("1.0.0", old)).toBe(true);
    await host.faulty(id, [FAULT]);
    await platform.server.upkeep.tick();
    expect([await isKept("1.0.0", old), (await standing())[`1.0.0+${old}`]]).toEqual([false, "pruned"]);
  });

  it("keeps as many of the newest as it is told, and everything while an old task may start anything", async () => {
    for (const version of ["1.0.0", "2.0.0", "3.0.0", "4.0.0"]) await host.deploy(slug, version);
    expect((await prune({ keep: 3, dryRun: true })).removed.map(({ version }) => version)).toEqual(["1.0.0"]);
    const { task } = await runs((await put()).id);
    const { db } = platform.server.services;
    await db.updateTable("tasks").set({ lock: null }).where("id", "=", task).execute();
    const { removed, kept } = await prune({ dryRun: true });
    expect([removed, kept[3]?.reasons[0]?.text]).toEqual([
      [],
      expect.stringContaining(`open task ${task} was started before`),
    ]);
    await db.updateTable("tasks").set({ lock: "{}" }).where("id", "=", task).execute();
  });

  it("never takes what a pin, a task or a deploy comes to use at the same moment", async () => {
    await host.deploy(slug, "0.0.0");
    const { id } = await put();
    for (let round = 1; round <= 8; round++) {
      const [old, now] = [`0.${round}.0`, `0.${round}.1`];
      const digest = await host.deploy(slug, old);
      const { id: next } = await host.upload(slug, now);
      const [pin] = await Promise.allSettled([
        put({ name: `${slug} ${round}`, runbookVersion: old }),
        prune(),
        platform.run(REVIEW, { workflowId: id }),
        host.ready(next),
        prune(),
        ...(round % 2 === 0 ? [host.upload(slug, old, { pin: true })] : []),
        prune(),
      ]);
      const status = (await standing())[`${old}+${digest}`];
      if (pin.status === "fulfilled") expect(status).not.toBe("pruned");
      if (status !== "pruned") expect(await isKept(old, digest)).toBe(true);
    }
    const broken = await sql`
      select t.id from tasks t join revisions r on r.id = t.revision_id
      where t.closed_at is null and r.pruned_at is not null`.execute(platform.server.services.db);
    expect(broken.rows).toEqual([]);
  });

  it("asks which runbook, and knows the near ones", async () => {
    await host.deploy(slug, "1.0.0");
    expect(await cli.run(["runbook", "prune"])).toMatchObject({ exit: 2, stderr: expect.stringContaining("--all") });
    expect((await cli.run(["runbook", "prune", slug, "--all"])).exit).toBe(2);
    expect((await cli.run(["runbook", "prune", slug, "--keep", "some"])).exit).toBe(2);
    expect(await cli.run(["runbook", "prune", `${slug}x`])).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining("Did you mean"),
    });
    expect((await cli.run(["runbook", "prune", "--all", "--dry-run"])).stdout).toContain("would remove");
  });
});

describe("diff", () => {
  it("is a unified diff of two versions, of contents, and of a folder", async () => {
    const first = await host.deploy(slug, "1.0.0");
    const second = await host.deploy(slug, "1.0.0", { salt: "again" });
    const contents = await cli.run(["runbook", "diff", slug, `1.0.0+${first.slice(0, 6)}`, "1.0.0"]);
    expect(contents).toMatchObject({ exit: 0, stderr: expect.stringContaining("uploaded with 2 contents") });
    expect(contents.stdout).toBe(
      [
        "--- a/runbook.md",
        "+++ b/runbook.md",
        "@@ -9,4 +9,4 @@",
        "     label: The only step",
        " ---",
        " ",
        "-A runbook for tests. ",
        "\\ No newline at end of file",
        "+A runbook for tests. again",
        "\\ No newline at end of file",
        "",
        "1 file changed, 1 line added, 1 line removed",
        "",
      ].join("\n"),
    );
    const folder = writeBundle("2.0.0", "", { "templates/more.ts": "export {};\n" });
    const named = await cli.run(["runbook", "diff", slug, "current", folder, "--name-only"]);
    expect(named.stdout).toBe(
      "M  runbook.md\nA  templates/more.ts\n\n2 files changed, 3 lines added, 2 lines removed\n",
    );
    expect(named.stderr).toContain(`from 1.0.0+${second.slice(0, 12)} to ${folder}`);
    const json = JSON.parse((await cli.run(["runbook", "diff", slug, folder, "-o", "json"])).stdout);
    expect(json).toMatchObject({ slug, from: folder, files: [{ path: "runbook.md" }, { path: "templates/more.ts" }] });
    expect(json.files[1].patch).toContain("+++ /dev/null");
    expect((await cli.run(["runbook", "diff", slug, "1.0.0"])).stdout).toBe("No difference.\n");
  });

  it("refuses what it cannot find, with what there is", async () => {
    const digest = await host.deploy(slug, "1.0.0");
    for (const [typed, exit, says] of [
      ["9.9.9", 2, `There is 1.0.0+${digest.slice(0, 12)}`],
      ["1.0.0+ffff", 2, "has no version 1.0.0+ffff"],
      ["./nowhere", 2, "There is no folder ./nowhere"],
    ] as const)
      expect(await cli.run(["runbook", "diff", slug, typed])).toMatchObject({
        exit,
        stderr: expect.stringContaining(says),
      });
    const viewer = { NTRO_API_KEY: await platform.server.makeKey("viewer") };
    expect(await cli.run(["runbook", "diff", slug, "1.0.0"], { env: viewer })).toMatchObject({ exit: 1 });
  });
});

describe("workflow create --dry-run", () => {
  const dry = (path: string, ...more: string[]) =>
    cli.run(["workflow", "create", "--path", path, "--entity", spv, "--dry-run", ...more]);

  it("shows what would change, and changes nothing", async () => {
    await host.deploy(slug, "1.0.0", {
      described: {
        steps: [
          { id: "only", title: "The only step" },
          { id: "gone", title: "Gone" },
        ],
      },
    });
    const { id } = await put({ schedule: "0 8 5 * *" });
    const pinned = await put({ name: `${slug} pinned`, runbookVersion: "1.0.0" });
    const { task } = await runs(id);
    const before = [await versions(), await platform.client.call("workflows.get", { params: { id } })];
    const folder = writeBundle("1.1.0", "", { "templates/more.ts": "export {};\n" });
    const described = {
      steps: [
        { id: "check", title: "Check" },
        { id: "only", title: "Renamed" },
      ],
      inputSchema: {
        type: "object",
        properties: { period: { type: "string" }, fund: { type: "string" } },
        required: ["fund"],
      },
    };
    const [shown] = await Promise.all([
      dry(folder, "--schedule", "0 9 5 * *", "--timezone", "Europe/London"),
      host.next(slug, (next) => host.ready(next, described)),
    ]);
    expect(shown).toMatchObject({ exit: 0, stderr: expect.stringContaining("dry run: nothing was changed") });
    expect(shown.stdout.replace(/\+[0-9a-f]{12}/g, "")).toBe(
      [
        "Files, against 1.0.0",
        "  ~ runbook.md",
        "  + templates/more.ts",
        "Steps",
        '  + check: "Check"',
        '  ~ only: "The only step" becomes "Renamed"',
        '  - gone: "Gone"',
        "Start parameters",
        "  + fund: string, required  has to be given from now on",
        "  ~ period: string, required becomes string, optional",
        "Workflow",
        "  schedule: 0 8 5 * * → 0 9 5 * *",
        "  timezone: UTC → Europe/London",
        "Current version",
        "  1.0.0 → 1.1.0",
        "Workflows that follow",
        `  ${spv}: 1.0.0 → 1.1.0`,
        "Workflows that stay",
        `  ${spv} "${slug} pinned": 1.0.0 (pinned to 1.0.0)`,
        "Open tasks, which finish on their own code",
        `  ${task}  1.0.0  ${slug} 2026-03 · ${spv.toUpperCase()}`,
        "",
      ].join("\n"),
    );
    expect([await versions(), await platform.client.call("workflows.get", { params: { id } })]).toEqual(before);
    expect(pinned.runbookVersion).toBe("1.0.0");
  });

  it("of the first version leaves no trace, also when it is cut off", async () => {
    const folder = writeBundle("1.0.0");
    const [shown] = await Promise.all([dry(folder, "-o", "json"), host.next(slug, (next) => host.ready(next))]);
    expect(JSON.parse(shown.stdout)).toMatchObject({
      dryRun: true,
      base: null,
      current: { before: null, after: { version: "1.0.0" } },
      follow: [{ id: null, entity: spv, before: null, after: { version: "1.0.0" } }],
      binding: { created: true },
    });
    const listed = await platform.client.call("runbooks.list", { query: { tenant: "acme", search: slug } });
    expect(listed).toEqual([]);
    await expect(versions()).rejects.toMatchObject({ code: "RUNBOOK_NOT_FOUND" });
    await expect(put()).rejects.toMatchObject({ code: "RUNBOOK_NOT_FOUND" });
    // Another whose host never answers.
    const body = { tenantSlug: "acme", version: "2.0.0", files: smallBundle(slug, "2.0.0"), dryRun: true };
    const { deployment } = await platform.client.call("runbooks.deploy", {
      params: { slug },
      query: { wait: 0 },
      body,
    });
    const { db } = platform.server.services;
    const ago = sql<Date>`now() - interval '11 minutes'`;
    await db
      .updateTable("deployments")
      .set({ ended_at: ago })
      .where("dry_run", "=", true)
      .where("status", "=", "ready")
      .execute();
    await sql`update deployments set created_at = ${ago} where id = ${deployment.id}`.execute(db);
    await platform.server.upkeep.tick();
    expect(await platform.client.call("deployments.get", { params: { id: deployment.id } })).toMatchObject({
      status: "failed",
    });
    await db.updateTable("deployments").set({ ended_at: ago }).where("id", "=", deployment.id).execute();
    await platform.server.upkeep.tick();
    const left = await db.selectFrom("revisions").select("version").where("slug", "=", slug).execute();
    expect(left).toEqual([]);
    expect([await isKept("2.0.0", deployment.digest), await isKept("1.0.0", deployment.digest)]).toEqual([
      false,
      false,
    ]);
  });

  it("becomes a deployment like any other where the same content is deployed meanwhile", async () => {
    const folder = writeBundle("1.0.0");
    await Promise.all([dry(folder), host.next(slug, (next) => host.ready(next))]);
    const real = await host.upload(slug, "1.0.0");
    expect(real.status).toBe("pending");
    await host.ready(real.id);
    const { db } = platform.server.services;
    const ago = sql<Date>`now() - interval '11 minutes'`;
    await db.updateTable("deployments").set({ ended_at: ago }).where("dry_run", "=", true).execute();
    await platform.server.upkeep.tick();
    expect(await standing()).toEqual({ [`1.0.0+${real.digest}`]: "ready" });
    expect(await isKept("1.0.0", real.digest)).toBe(true);
    expect(await runs((await put()).id)).toMatchObject({ digest: real.digest });
    // Of what is ready already no host is asked.
    expect(await dry(folder)).toMatchObject({ exit: 0, stdout: expect.stringContaining("no difference") });
  });

  it("shows faults as a deploy does, and ends with 1", async () => {
    await host.deploy(slug, "1.0.0");
    const [shown] = await Promise.all([
      dry(writeBundle("1.1.0")),
      host.next(slug, (next) => host.faulty(next, [FAULT])),
    ]);
    expect(shown).toMatchObject({ exit: 1, stdout: "" });
    expect(shown.stderr).toContain("[TYPESCRIPT_ERROR] templates/workflow.ts:1 Wrong.");
    expect(shown.stderr).toContain("only tried: nothing changed");
    expect(await standing()).toEqual({ [`1.0.0+${(await versions())[0]?.digest}`]: "ready" });
  });

  it("of a version that the server holds shows the way back", async () => {
    await host.deploy(slug, "0.9.0");
    await host.deploy(slug, "1.0.0");
    await put();
    const { exit, stdout } = await dry(`./${slug}@0.9.0/`, "--pin");
    expect(exit).toBe(0);
    const plain = stdout.replace(/\+[0-9a-f]{12}/g, "");
    expect(plain).toContain("Files, against 1.0.0\n  ~ runbook.md\n");
    expect(plain).toContain("Workflow\n  runbookVersion: none → 0.9.0\nCurrent version\n  stays 1.0.0\n");
    expect(plain).toContain(`Workflows that follow\n  ${spv}: 1.0.0 → 0.9.0 (pinned to 0.9.0)\n`);
    expect((await put()).runbookVersion).toBeNull();
  });
});
