import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { checkFiles, formatFault, writeFiles } from "@ntro/bundle";
import { buildActivities, buildWorkflow, checkTypescript } from "@ntro/bundle/typescript";
import type { Fault } from "@ntro/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { activitiesStub, loadActivities } from "../../packages/worker/src/host/activity-module";
import { compareConfigSchema } from "../../packages/worker/src/host/config-schema";
import { describeWorkflow } from "../../packages/worker/src/host/describe-workflow";
import { blocks, ROOT, readPage } from "./markdown";

const PAGE = readPage("docs/authoring.md");
const SDK = join(ROOT, "dist/sdk");
const ZOD = dirname(createRequire(import.meta.url).resolve("zod/package.json"));

/** The complete bundles of the page: the first part of a block's title names the bundle, the rest its file. */
function bundles(): Map<string, Map<string, string>> {
  const found = new Map<string, Map<string, string>>();
  for (const { title, text } of blocks(PAGE)) {
    const [, name, path] = /^([^/]+)\/(.+)$/.exec(title ?? "") ?? [];
    if (name === undefined || path === undefined) continue;
    found.set(name, (found.get(name) ?? new Map<string, string>()).set(path, text));
  }
  return found;
}

/** The names that `@ntro/runbook` exports, types too. */
function exportedNames(): string[] {
  const index = readFileSync(join(ROOT, "packages/runbook/src/index.ts"), "utf8");
  const lists = [...index.matchAll(/export \{([^}]*)\}/g)].map(([, list = ""]) => list);
  return lists.flatMap((list) => [...list.matchAll(/(?:type )?(\w+)\s*(?:,|$)/g)].map(([, name = ""]) => name));
}

const refuse = (faults: readonly Fault[]) => expect(faults.map(formatFault)).toEqual([]);

describe("the runbooks of the authoring page", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "ntro-docs-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("are there", () => expect([...bundles().keys()]).toEqual(["invoice-check", "group-close"]));

  it.each([...bundles()])("%s is checked, compiled, built and loaded as a host does it", async (name, files) => {
    const checked = checkFiles(files);
    if (checked.status === "faulty") return refuse(checked.faults);
    const { manifest } = checked.bundle;
    expect(manifest.slug).toBe(name);
    const dir = join(folder, name);
    mkdirSync(dir);
    await writeFiles(dir, checked.bundle.files);
    refuse(await checkTypescript({ dir, files: checked.bundle.files, sdkDir: SDK, zodDir: ZOD }));

    const activities = await buildActivities({ dir, sdkDir: SDK, zodDir: ZOD });
    if (activities.status === "faulty") return refuse(activities.faults);
    const built = join(dir, "activities.cjs");
    writeFileSync(built, activities.code);
    const workflow = await buildWorkflow({ dir, activitiesStub: activitiesStub(loadActivities(built)) });
    if (workflow.status === "faulty") return refuse(workflow.faults);
    const prelude = { digest: "", code: readFileSync(join(ROOT, "dist/prelude/prelude.js"), "utf8") };
    const described = describeWorkflow(prelude, workflow.code);
    expect(described.steps.length).toBeGreaterThan(2);
    refuse(compareConfigSchema(manifest, described));
  });
});

describe("the authoring page", () => {
  it("shows every export of the SDK", () => {
    const names = exportedNames();
    expect(names.length).toBeGreaterThan(40);
    expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(PAGE))).toEqual([]);
  });
});
