import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseSync } from "oxc-parser";
import { describe, expect, it } from "vitest";

interface Rule {
  /** Packages of this repository. */
  readonly own: readonly string[];
  /** Packages that belong to its job; each of them is imported. */
  readonly npm: readonly string[];
  /** No module of Node either. */
  readonly pure?: true;
}

/** What each package may import: the architecture as data. Tests may import what they like. */
const RULES: Readonly<Record<string, Rule>> = {
  contract: { own: [], npm: ["zod", "eventsource-parser"], pure: true },
  bundle: { own: ["contract"], npm: ["zod", "yaml", "semver", "esbuild", "oxc-parser"] },
  runbook: { own: ["contract"], npm: ["zod", "@temporalio/workflow"], pure: true },
  server: {
    own: ["contract", "bundle"],
    npm: [
      "zod",
      "pg",
      "kysely",
      "fastify",
      "@fastify/multipart",
      "pino",
      "semver",
      "leven",
      "croner",
      "@temporalio/client",
      "@temporalio/common",
    ],
  },
  worker: {
    own: ["contract", "bundle", "runbook"],
    npm: [
      "zod",
      "pg",
      "pino",
      "esbuild",
      "csv-parse",
      "read-excel-file",
      "write-excel-file",
      "unpdf",
      "@jridgewell/trace-mapping",
      "@temporalio/worker",
      "@temporalio/workflow",
      "@temporalio/activity",
      "@temporalio/proto",
      "@temporalio/common",
    ],
  },
  cli: { own: ["contract", "bundle"], npm: ["commander", "picocolors", "smol-toml", "zod", "pg", "leven", "diff"] },
};

/** The pure core of the server decides; it knows no HTTP, SQL or Temporal. */
const CORE: Rule = { own: ["contract"], npm: ["zod", "croner", "leven", "semver"], pure: true };

const ROOT = join(import.meta.dirname, "../..");

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter(
      (path) => !/(\.test\.|\.fixture\.|-fixture\.|\.testing\.|\/testing\/|\/test-support\/|test-data\/)/.test(path),
    );
}

function importsOf(path: string): string[] {
  const { module } = parseSync(path, readFileSync(path, "utf8"));
  const dynamic = module.dynamicImports.map(({ moduleRequest: { start, end } }) =>
    readFileSync(path, "utf8").slice(start + 1, end - 1),
  );
  const reexports = module.staticExports.flatMap((entry) =>
    entry.entries.flatMap(({ moduleRequest }) => (moduleRequest ? [moduleRequest.value] : [])),
  );
  return [...module.staticImports.map(({ moduleRequest }) => moduleRequest.value), ...reexports, ...dynamic];
}

const packageOf = (specifier: string): string =>
  specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");

function refused(path: string, rule: Rule): string[] {
  return importsOf(path).filter((specifier) => {
    if (specifier.startsWith(".") || specifier.includes("${")) return false;
    if (specifier.startsWith("node:")) return rule.pure === true;
    if (specifier.startsWith("@ntro/")) return !rule.own.includes(specifier.split("/")[1] ?? "");
    return !rule.npm.includes(packageOf(specifier));
  });
}

describe("imports", () => {
  it.each(Object.entries(RULES))("%s imports only what its row allows", (name, rule) => {
    const found = sources(join(ROOT, "packages", name, "src")).flatMap((path) =>
      refused(path, rule).map((specifier) => `${relative(ROOT, path)}: ${specifier}`),
    );
    expect(found).toEqual([]);
  });

  it("the rows name every package, and nothing that is not imported", () => {
    expect(Object.keys(RULES).sort()).toEqual(readdirSync(join(ROOT, "packages")).sort());
    for (const [name, { own, npm }] of Object.entries(RULES)) {
      const imported = sources(join(ROOT, "packages", name, "src"))
        .flatMap(importsOf)
        .map(packageOf);
      const idle = [...own.map((each) => `@ntro/${each}`), ...npm].filter((each) => !imported.includes(each));
      expect([name, idle]).toEqual([name, []]);
    }
  });

  it("the server's core imports neither Node nor a sibling folder", () => {
    const core = join(ROOT, "packages/server/src/core");
    const found = sources(core).flatMap((path) =>
      [...refused(path, CORE), ...importsOf(path).filter((specifier) => specifier.startsWith("../"))].map(
        (specifier) => `${relative(ROOT, path)}: ${specifier}`,
      ),
    );
    expect(found).toEqual([]);
  });

  it("no package reaches into another by path", () => {
    const found = Object.keys(RULES).flatMap((name) => {
      const folder = join(ROOT, "packages", name, "src");
      return sources(folder).flatMap((path) =>
        importsOf(path)
          .filter((specifier) => specifier.startsWith(".") && !join(path, "..", specifier).startsWith(folder))
          .map((specifier) => `${relative(ROOT, path)}: ${specifier}`),
      );
    });
    expect(found).toEqual([]);
  });

  it("each of Temporal's two faces is known in one place", () => {
    const knowing = (folder: string, specifier: string) =>
      sources(join(ROOT, folder))
        .filter((path) => importsOf(path).some((each) => each.startsWith(specifier)))
        .map((path) => relative(ROOT, path));
    const outside = (paths: string[], folder: string) => paths.filter((path) => !path.startsWith(folder));
    expect(outside(knowing("packages/server/src", "@temporalio/"), "packages/server/src/engine/")).toEqual([]);
    expect(outside(knowing("packages/worker/src", "@temporalio/worker/lib"), "packages/worker/src/host/mux/")).toEqual(
      [],
    );
  });
});
