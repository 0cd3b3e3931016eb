import { cpSync, readdirSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { PLACE, ROOT, TENANT } from "../system/platform";
import { InstalledPackage } from "./installed";

const INSTALL_MS = 300_000;
/** What a download may weigh. */
const MAX_PACKED = 4 * 1024 * 1024;

const Manifest = z.object({ version: z.string(), files: z.array(z.string()) });
const manifest = Manifest.parse(JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")));

const installed = new InstalledPackage();
let archive: string;

beforeAll(async () => {
  archive = await installed.pack();
  await installed.install(archive);
}, INSTALL_MS);
afterAll(() => installed.remove());

/** The package's own files, not those of its dependencies. */
function shipped(): string[] {
  return readdirSync(installed.root, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(installed.root, join(entry.parentPath, entry.name)))
    .filter((path) => !path.startsWith("node_modules"));
}

describe("the package", () => {
  it("holds the programs, what they are built with, the pages for users, and nothing else", () => {
    const files = shipped();
    expect(files).toEqual(
      expect.arrayContaining([
        "package.json",
        "LICENSE",
        "README.md",
        "CHANGELOG.md",
        "dist/THIRD-PARTY-LICENSES.txt",
        "dist/ntro.js",
        "dist/server.js",
        "dist/worker.js",
        "dist/host.js",
        "dist/workflow-thread.cjs",
        "dist/sdk/index.d.ts",
        "dist/prelude/prelude.js",
        "dist/python/requirements.lock",
        "dist/python/ntro_host/__main__.py",
      ]),
    );
    const places = [...manifest.files, "package.json"];
    expect(files.filter((path) => !places.some((place) => path === place || path.startsWith(`${place}/`)))).toEqual([]);
    expect(statSync(archive).size).toBeLessThan(MAX_PACKED);
  });

  it("knows nothing of the machine it was built on", () => {
    const secrets = [ROOT, homedir()];
    const telling = shipped().filter((path) => {
      const text = readFileSync(join(installed.root, path), "utf8");
      return secrets.some((secret) => text.includes(`${secret}/`));
    });
    expect(telling).toEqual([]);
  });

  it("brings neither the workspaces nor what only developers need", () => {
    const packages = readdirSync(join(installed.root, "node_modules"));
    for (const name of ["@ntro", "vitest", "@biomejs", "tsx", "fastify", "pg"]) expect(packages).not.toContain(name);
  });
});

describe("installed into an empty prefix, away from the repository", () => {
  it("says its version", async () => {
    expect(await installed.said("--version")).toBe(`${manifest.version}\n`);
  });

  it(
    "takes a folder to a completed task",
    async () => {
      cpSync(join(ROOT, "examples/data"), join(installed.work, "data"), { recursive: true });
      cpSync(join(ROOT, "test/fixtures/system/month-end"), join(installed.work, "month-end"), { recursive: true });
      expect(await installed.said("up", "--detach", "--port", "0")).toMatch(/^http:\/\/127\.0\.0\.1:\d+\n$/);
      await installed.said("tenant", "create", "--name", "Acme Fund", "--slug", "acme-fund");
      await installed.said("entity", "create", ...TENANT, "--name", "Acme SPV 1", "--slug", "acme-spv1");
      await installed.said("workflow", "create", "--path", "month-end", ...PLACE);
      const started = await installed.ntro(
        ...["workflow", "run", "nav-monthly", ...PLACE, "--period", "2026-03", "--wait", "--no-wait-human"],
      );
      expect(started).toMatchObject({ code: 3 });
      const [task] = z
        .array(z.object({ id: z.string() }))
        .parse(JSON.parse(await installed.said("run", "pending", "-o", "json")));
      const id = task?.id ?? "";
      const files = [
        ...["--file", "trial-balance=data/trial-balance-2026-03.xlsx"],
        ...["--file", "rent-roll=data/rent-roll-2026-03.pdf"],
      ];
      await installed.said("run", "submit", id, ...files);
      expect(await installed.ntro("run", "status", id, "--wait", "--no-wait-human")).toMatchObject({ code: 3 });
      await installed.said("run", "approve", id);
      await installed.said("run", "status", id, "--wait");
      expect(JSON.parse(await installed.said("run", "status", id, "-o", "json"))).toMatchObject({
        status: "COMPLETED",
      });
      expect(await installed.ntro("down")).toMatchObject({ code: 0 });
    },
    INSTALL_MS,
  );
});
