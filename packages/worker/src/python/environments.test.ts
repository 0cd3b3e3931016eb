import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type EnvironmentsOptions, hostPins, PythonEnvironments } from "./environments";
import { findPrograms } from "./interpreter";
import { Counted, fetchedUv, makeWheel, writeScript } from "./packages.testing";
import { PythonFault } from "./python-fault";

const BASE = { name: "base", requirements: [] };
const uv = fetchedUv() ?? findPrograms("uv", process.env)[0] ?? "uv";

const wheels = mkdtempSync(join(tmpdir(), "ntro-wheels-"));
let folder: string;
let home: string;
let said: string[];

beforeAll(() => {
  expect(existsSync(uv), "set-up has fetched no uv").toBe(true);
  makeWheel(wheels, "ground", "1.0");
  makeWheel(wheels, "pydantic", "2.0");
  makeWheel(wheels, "pydantic", "3.0");
  makeWheel(wheels, "leaf", "1.2", "ground", "twig>=2");
  makeWheel(wheels, "twig", "2.1");
});
afterAll(() => rmSync(wheels, { recursive: true, force: true }));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ntro-environments-"));
  home = join(folder, "python");
  said = [];
  writeFileSync(join(folder, "requirements.lock"), "# pins\nground==1.0\npydantic==2.0\n");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Environments whose packages come from the folder of wheels alone. */
function environments(env: NodeJS.ProcessEnv = {}): PythonEnvironments {
  const options: EnvironmentsOptions = {
    home,
    lock: join(folder, "requirements.lock"),
    env: { ...machine(), NTRO_UV_BIN: uv, ...env },
    log: (line) => said.push(line),
  };
  return new PythonEnvironments(options);
}

function machine(): NodeJS.ProcessEnv {
  const { PATH, HOME } = process.env;
  return { PATH, HOME, PIP_NO_INDEX: "1", PIP_FIND_LINKS: wheels, UV_CACHE_DIR: join(folder, "cache") };
}

/** What a program of the environment sees when the folder of additions is put before everything else, as the host does. */
function sees(python: string, site: string | null, module: string): string {
  const code = `import sys; sys.path[:0] = sys.argv[1:]; import ${module}; print(${module}.VERSION)`;
  return execFileSync(python, ["-I", "-c", code, ...(site === null ? [] : [site])], {
    encoding: "utf8",
    stdio: "pipe",
  }).trim();
}

async function faultOf(making: Promise<unknown>): Promise<PythonFault["fault"]> {
  const error = await making.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof PythonFault)) throw error ?? new Error("It was made.");
  return error.fault;
}

/** What lies in the home besides tools and notes. */
function made(): string[] {
  return readdirSync(home).filter((name) => name.startsWith("base-"));
}

describe.each(["uv", "pip"])("environments made with %s", (installer) => {
  const here = () => environments(installer === "pip" ? { NTRO_UV_BIN: "", PATH: withoutUv() } : {});

  it("are a base, and beside it folders with what it lacks and nothing else", async () => {
    const { python, site } = await here().ready({ name: "0123456789ab", requirements: ["leaf>=1", "pydantic>=2"] });
    expect(readdirSync(site ?? "").filter((name) => name.endsWith(".py"))).toEqual(["leaf.py", "twig.py"]);
    expect(sees(python, site, "twig")).toBe("2.1");
    expect(sees(python, site, "pydantic")).toBe("2.0");
    expect(() => sees(python, null, "leaf")).toThrow();
    expect(await here().ready(BASE)).toEqual({ python, site: null });
    expect((await here().ready({ name: "ba9876543210", requirements: ["ground"] })).site).toBeNull();
    expect(made()).toHaveLength(3);
    expect(said.filter((line) => line.includes(`with ${installer}`))).toHaveLength(3);
  });

  it("refuse what does not exist in the installer's words, and go on", async () => {
    await here().ready(BASE);
    const before = made();
    const fault = await faultOf(here().ready({ name: "0123456789ab", requirements: ["surely-not-there==1.0"] }));
    expect(fault).toMatchObject({ code: "REQUIREMENTS_INSTALL_FAILED", path: "templates/requirements.txt" });
    const [first, ...reason] = fault.message.split("\n");
    expect(first).toContain(`${installer} says:`);
    expect(reason.length).toBeLessThanOrEqual(5);
    expect(reason.join()).toContain("surely-not-there");
    expect(fault.message).not.toContain(folder);
    expect(made()).toEqual(before);
    expect(readdirSync(join(home, "tmp"))).toEqual([]);
    // Not another version of what the host itself runs on either.
    const conflict = await faultOf(here().ready({ name: "0123456789ab", requirements: ["pydantic==3.0"] }));
    expect(conflict.code).toBe("REQUIREMENTS_INSTALL_FAILED");
    expect(conflict.message).toContain("pydantic==3.0");
    expect(conflict.message).toContain("pydantic==2.0");
    expect((await here().ready({ name: "0123456789ab", requirements: ["twig"] })).site).not.toBeNull();
  });
});

/** The folders of PATH in which there is no uv. */
function withoutUv(): string {
  const all = (process.env.PATH ?? "").split(":");
  return all.filter((each) => findPrograms("uv", { PATH: each }).length === 0).join(":");
}

describe("an environment", () => {
  it("that exists costs no process", async () => {
    const python = new Counted(join(folder, "python3"), "python3");
    const installer = new Counted(join(folder, "uv"), uv);
    const wanted = { name: "0123456789ab", requirements: ["leaf"] };
    const counted = { NTRO_PYTHON: python.file, NTRO_UV_BIN: installer.file };
    const first = await environments(counted).ready(wanted);
    const calls = [...python.calls, ...installer.calls];
    expect(installer.calls.length).toBeGreaterThan(0);
    expect(await environments(counted).ready(wanted)).toEqual(first);
    expect([...python.calls, ...installer.calls]).toEqual(calls);
  });

  it("that several want at once is made once", async () => {
    const wanted = { name: "0123456789ab", requirements: ["leaf"] };
    const [first, ...others] = await Promise.all([1, 2, 3].map(() => environments().ready(wanted)));
    for (const other of others) expect(other).toEqual(first);
    expect(said).toHaveLength(2);
    expect(made()).toHaveLength(2);
  });

  it("that is interrupted half-way leaves nothing, and is made the next time", async () => {
    const stop = new AbortController();
    writeScript(join(folder, "slow-uv"), `touch '${folder}/begun'\nsleep 60`);
    const making = environments({ NTRO_UV_BIN: join(folder, "slow-uv") }).ready(BASE, stop.signal);
    await expect.poll(() => existsSync(join(folder, "begun"))).toBe(true);
    stop.abort(new Error("stopped"));
    await expect(making).rejects.toThrow("stopped");
    expect(made()).toEqual([]);
    expect(existsSync((await environments().ready(BASE)).python)).toBe(true);
  });

  it("whose Python was removed is made again", async () => {
    const { python } = await environments().ready(BASE);
    rmSync(python);
    expect(await environments().ready(BASE)).toEqual({ python, site: null });
    expect(sees(python, null, "ground")).toBe("1.0");
  });

  it("is another one with another lock", async () => {
    const before = await environments().ready(BASE);
    writeFileSync(join(folder, "requirements.lock"), "ground==1.0\n");
    expect((await environments().ready(BASE)).python).not.toBe(before.python);
  });
});

describe("a machine", () => {
  it("without Python is told what to install", async () => {
    mkdirSync(join(folder, "empty"));
    const fault = await faultOf(environments({ PATH: join(folder, "empty") }).ready(BASE));
    expect(fault).toMatchObject({
      code: "PYTHON_MISSING",
      message: expect.stringContaining("no Python 3.11 or newer"),
    });
    expect(fault.hint).toContain("Install Python");
  });

  it("with an old Python is told which", async () => {
    writeScript(join(folder, "old"), `echo '["/usr/bin/python3", [3, 9]]'`);
    const fault = await faultOf(environments({ NTRO_PYTHON: join(folder, "old") }).ready(BASE));
    expect(fault).toMatchObject({ code: "PYTHON_MISSING", message: expect.stringContaining("is 3.9") });
  });

  it("whose index lacks what all bundles need is told so", async () => {
    writeFileSync(join(folder, "requirements.lock"), "ground==7.0\n");
    const fault = await faultOf(environments().ready(BASE));
    expect(fault).toMatchObject({ code: "PYTHON_MISSING", message: expect.stringContaining("ground==7.0") });
    expect(made()).toEqual([]);
  });
});

it("keeps what the host runs on, whatever the lock writes with it", () => {
  const lock = readFileSync(join(import.meta.dirname, "../../../../python/requirements.lock"), "utf8");
  expect(hostPins(lock).map((pin) => pin.split("==")[0])).toEqual([
    "nexus-rpc",
    "ntro",
    "protobuf",
    "pydantic",
    "pydantic-core",
    "temporalio",
    "typing-extensions",
  ]);
  expect(hostPins("ntro[workflow]==0.1.2 ; python_version > '3'\nTyping_Extensions==4\nother==1")).toEqual([
    "ntro==0.1.2",
    "Typing_Extensions==4",
  ]);
});
