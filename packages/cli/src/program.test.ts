import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Command } from "./command";
import { GROUPS } from "./commands/groups";
import { freePort } from "./embedded/free-port";
import { type TestCli, testCli } from "./testing/run-in-process";

let cli: TestCli;
let host: string;
beforeAll(async () => {
  cli = testCli();
  host = `http://127.0.0.1:${await freePort()}`;
});
afterAll(() => cli.remove());

const loaded = await Promise.all(GROUPS.map(async (group) => ({ group, commands: await group.load() })));
const all: { words: string[]; command: Command }[] = loaded.flatMap(({ group, commands }) =>
  commands.map((command) => ({
    words: group.kind === "command" ? [group.name] : [group.name, ...command.name.split(" ")],
    command,
  })),
);

describe("help", () => {
  it.each(all.map(({ words, command }) => [words.join(" "), words, command] as const))(
    "of `ntro %s` begins with what it does and examples",
    async (_, words, command) => {
      const { exit, stdout } = await cli.run([...words, "--help"]);
      expect(exit).toBe(0);
      const lines = stdout.split("\n");
      expect(lines[0]).toBe(`${command.summary}.`);
      expect(lines[2]).toBe("Examples:");
      expect(
        lines.slice(3, 3 + command.examples.length).every((line) => line.trim().includes(`ntro ${words.join(" ")}`)),
      ).toBe(true);
      expect(stdout).toContain("--output <format>");
      expect(stdout).not.toContain("--api-key <");
    },
  );

  it("is shown when nothing is asked", async () => {
    expect(await cli.run([])).toMatchObject({ exit: 0, stdout: expect.stringContaining("Usage: ntro") });
  });

  it("lists the verbs of a group", async () => {
    expect(await cli.run(["tenant", "--help"])).toMatchObject({ exit: 0, stdout: expect.stringContaining("create") });
    expect(await cli.run(["help", "tenant"])).toMatchObject({ exit: 0, stdout: expect.stringContaining("create") });
  });
});

describe("wrong usage exits 2 and says what was meant", () => {
  it.each([
    [["tennant", "list"], "Unknown command 'tennant'.", "Did you mean tenant?"],
    [["tenant", "lst"], "Unknown command 'lst'.", "Did you mean list?"],
    [["tenant", "list", "--limt", "3"], "Unknown option '--limt'.", "Did you mean --limit?"],
    [["tenant", "list", "-o", "yaml"], "Allowed choices are text, json.", ""],
    [["tenant", "list", "--limit", "0"], "--limit 0 is not a whole number", ""],
    [["workflow", "create"], "Required option '--path <folder>' not specified.", ""],
    [["run", "status"], "Missing required argument 'task'.", ""],
    [["workflow", "create", "--path", ".", "--pin", "--unpin"], "cannot be used with", ""],
    [
      ["workflow", "create", "--path", ".", "--tenant", "t", "--schedule", "0 8 5 * *"],
      "--schedule needs --entity",
      "--entity",
    ],
    [
      ["workflow", "create", "--path", ".", "--tenant", "t", "--entity", "e", "--timezone", "UTC"],
      "--timezone needs --schedule",
      "--schedule",
    ],
    [["workflow", "run", "nav", "--tenant", "t", "--period", "2026-13"], "--period 2026-13 is not a month", "YYYY-MM"],
    [["workflow", "run", "nav", "--timeout", "5m"], "need --wait", "--wait"],
    [["tenant", "create", "--slug", "Bad Slug"], "--name is missing; --slug: use lower-case", ""],
    [["run", "approve", "t", "--correct", "1"], "is not line=field=value", ""],
  ])("%j", async (argv, message, hint) => {
    const { exit, stdout, stderr } = await cli.run(argv);
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: "" });
    expect(stderr).toMatch(/^✗ /);
    expect(stderr).toContain(message);
    expect(stderr).toContain(hint);
  });

  it("asks which tenant when none is said", async () => {
    const { exit, stderr } = await cli.run(["workflow", "create", "--path", "."]);
    expect(exit).toBe(2);
    expect(stderr).toContain("--tenant <slug>, set NTRO_TENANT");
  });
});

describe("a server that is not running", () => {
  it("exits 4 with the way out", async () => {
    const { exit, stdout, stderr } = await cli.run(["tenant", "list", "--host", host]);
    expect({ exit, stdout }).toEqual({ exit: 4, stdout: "" });
    expect(stderr).toContain(`✗ No answer from ${host}.`);
    expect(stderr).toContain("`ntro up`");
  });

  it("is told in JSON on stdout with -o json, before or after the command", async () => {
    for (const argv of [
      ["-o", "json", "--host", host, "tenant", "list"],
      ["tenant", "list", "--host", host, "--output=json"],
    ]) {
      const { exit, stdout } = await cli.run(argv);
      expect(exit).toBe(4);
      expect(JSON.parse(stdout)).toMatchObject({
        code: "SERVER_UNREACHABLE",
        statusCode: 503,
        hint: expect.any(String),
      });
    }
  });

  it("sends nothing when the bundle has faults, which are all shown", async () => {
    const argv = ["workflow", "create", "--path", "missing", "--tenant", "t", "--entity", "e", "--host", host];
    const { exit, stderr } = await cli.run(argv);
    expect(exit).toBe(1);
    expect(stderr).toContain("nothing was sent");
    expect(stderr).toContain("[RUNBOOK_DIR_NOT_FOUND]");
    const json = JSON.parse((await cli.run([...argv, "-o", "json"])).stdout);
    expect(json).toMatchObject({ code: "BUNDLE_INVALID", details: [{ code: "RUNBOOK_DIR_NOT_FOUND" }] });
  });
});

describe("failures in JSON mode", () => {
  it("cover wrong usage", async () => {
    const { exit, stdout } = await cli.run(["tenant", "lst", "-o", "json"]);
    expect(exit).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ code: "REQUEST_INVALID", hint: "Did you mean list?" });
  });

  it("show where with --debug", async () => {
    const { stderr } = await cli.run(["tenant", "list", "--host", host, "--debug"]);
    expect(stderr).toContain("caused by:");
  });
});

describe("status and down without a platform", () => {
  it("say so", async () => {
    expect(await cli.run(["status"])).toMatchObject({ exit: 1, stderr: expect.stringContaining("ntro up") });
    expect(await cli.run(["down"])).toMatchObject({ exit: 0, stderr: "Nothing is running.\n" });
  });
});
