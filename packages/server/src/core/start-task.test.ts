import { NtroError } from "@ntro/contract";
import { describe, expect, it } from "vitest";
import { type LockableRevision, lockChildren } from "./lock";
import { chooseRevision, INPUT_LIMIT_BYTES, resolveWorkflow, taskInput, taskTitle } from "./start-task";

function codeOf(work: () => unknown): { code: string; hint: string | undefined } {
  try {
    work();
  } catch (error) {
    if (error instanceof NtroError) return { code: error.code, hint: error.hint };
    throw error;
  }
  throw new Error("nothing was thrown");
}

const bound = (id: string, runbookSlug: string, name: string | null, entity: string) => ({
  id,
  runbookSlug,
  name,
  entityId: `id-${entity}`,
  entitySlug: entity,
  runbookVersion: null,
});

describe("which workflow a name means", () => {
  const workflows = [
    bound("w1", "nav-monthly", null, "spv1"),
    bound("w2", "nav-monthly", "Quarterly NAV", "spv2"),
    bound("w3", "expenses", "nav-monthly", "spv1"),
  ];
  it("is by id, then by name, then by runbook", () => {
    expect(resolveWorkflow("w2", workflows).id).toBe("w2");
    expect(resolveWorkflow("nav-monthly", workflows).id).toBe("w3");
    expect(resolveWorkflow("expenses", workflows).id).toBe("w3");
    expect(resolveWorkflow("nav-monthly", workflows, "spv2").id).toBe("w2");
  });
  it("is refused where it may be several, unless the entity tells", () => {
    const two = [bound("w1", "nav-monthly", null, "spv1"), bound("w2", "nav-monthly", null, "spv2")];
    expect(codeOf(() => resolveWorkflow("nav-monthly", two))).toEqual({
      code: "WORKFLOW_AMBIGUOUS",
      hint: "Say which with --entity or by its id.",
    });
    expect(resolveWorkflow("nav-monthly", two, "id-spv2").id).toBe("w2");
  });
  it("is refused with near names where there is none", () => {
    expect(codeOf(() => resolveWorkflow("nav-montly", workflows))).toEqual({
      code: "WORKFLOW_NOT_FOUND",
      hint: "Did you mean nav-monthly?",
    });
    expect(codeOf(() => resolveWorkflow("zzzzzzzz", workflows)).hint).toContain(
      "Bound here: Quarterly NAV, expenses, nav-monthly",
    );
    expect(codeOf(() => resolveWorkflow("nav", [])).hint).toContain("workflow create");
  });
});

describe("which revision runs", () => {
  const at = (day: number) => new Date(Date.UTC(2026, 0, day));
  const revisions = [
    { version: "1.0.0", readyAt: at(1), current: false, digest: "a" },
    { version: "1.0.0", readyAt: at(2), current: false, digest: "b" },
    { version: "1.1.0", readyAt: at(3), current: true, digest: "c" },
    { version: "1.2.0", readyAt: null, current: false, digest: "d" },
  ];
  const chosen = (runbookVersion: string | null) =>
    chooseRevision({ runbookSlug: "nav", runbookVersion }, revisions).digest;
  it("is the current one, or the newest ready one of the pin", () => {
    expect(chosen(null)).toBe("c");
    expect(chosen("1.0.0")).toBe("b");
  });
  it("is none where nothing fitting is ready", () => {
    expect(codeOf(() => chosen("1.2.0"))).toEqual({
      code: "RUNBOOK_NOT_READY",
      hint: "Ready: 1.0.0, 1.1.0. Pin one of these, or --unpin.",
    });
    expect(codeOf(() => chooseRevision({ runbookSlug: "nav", runbookVersion: null }, [])).hint).toContain(
      "workflow create",
    );
  });
});

describe("a task's input", () => {
  const parts = {
    taskId: "task",
    tenant: { id: "t", slug: "acme", config: { a: "tenant", b: "tenant", ai: { provider: "X" }, tenant_id: "forged" } },
    entity: { id: "e", slug: "spv", config: { b: "entity", c: "entity" } },
    defaultConfig: { a: "default", c: "default", d: "default" },
    context: { c: "context", period: "2026-03", entity_slug: "forged" },
    runbook: "nav@1.0.0",
    inputSchema: null,
    global: {
      z: { type: "number" as const, default: 7 },
      period: { type: "string" as const },
      c: { type: "string" as const },
      entity_slug: { type: "string" as const },
    },
  };
  it("is flat, later parts win, and identity cannot be forged", () => {
    expect(taskInput(parts)).toEqual({
      z: 7,
      d: "default",
      a: "tenant",
      b: "entity",
      c: "context",
      ai: { provider: "X" },
      period: "2026-03",
      config: { a: "tenant", b: "entity", c: "entity", d: "default", ai: { provider: "X" }, tenant_id: "forged" },
      tenant_config: parts.tenant.config,
      task_id: "task",
      tenant_id: "t",
      tenant_slug: "acme",
      entity_id: "e",
      entity_slug: "spv",
    });
  });
  it("is refused when it does not fit or is too large", () => {
    expect(codeOf(() => taskInput({ ...parts, context: {} })).code).toBe("INPUT_INVALID");
    const large = { ...parts, tenant: { ...parts.tenant, config: { big: "x".repeat(INPUT_LIMIT_BYTES) } } };
    expect(codeOf(() => taskInput(large)).code).toBe("INPUT_INVALID");
  });
  it("takes AI settings key by key and model by model, the entity's over the tenant's over the workflow's", () => {
    const ai = (section: object) => ({ ai: section, other: 1 });
    const input = taskInput({
      ...parts,
      defaultConfig: ai({ provider: "NTROPII", models: { default: "small", judgement: "small" } }),
      tenant: { ...parts.tenant, config: ai({ provider: "ANTHROPIC", models: { default: "haiku" } }) },
      entity: { ...parts.entity, config: ai({ models: { extraction: "sonnet" } }) },
    });
    const expected = {
      provider: "ANTHROPIC",
      models: { default: "haiku", judgement: "small", extraction: "sonnet" },
    };
    expect(input).toMatchObject({ ai: expected, config: { ai: expected } });
    const without = { ...parts, defaultConfig: null, tenant: { ...parts.tenant, config: null } };
    expect("ai" in taskInput({ ...without, entity: { ...parts.entity, config: null } })).toBe(false);
  });
  it("gives the task its title", () => {
    expect(taskTitle({ name: "NAV", entityName: "SPV 1", context: { period: "2026-03" } })).toBe("NAV 2026-03 · SPV 1");
    expect(taskTitle({ name: "NAV", entityName: "SPV 1", context: {} })).toBe("NAV · SPV 1");
  });
});

describe("the lock", () => {
  const revision = (
    slug: string,
    children: string[] = [],
    language: "typescript" | "python" = "typescript",
    environment: string | null = language === "python" ? "base" : null,
  ): LockableRevision => ({
    slug,
    version: "1.0.0",
    digest: "0123456789abcdef",
    language,
    environment,
    children,
  });
  const current = [revision("ingest", ["ocr"]), revision("ocr", [], "typescript"), revision("expenses")];
  it("holds declared children down to the last", () => {
    expect(lockChildren(revision("nav", ["ingest"]), current, "acme")).toEqual({
      ingest: { type: "ingest@1.0.0+0123456789ab", queue: "ntro/acme/ts" },
      ocr: { type: "ocr@1.0.0+0123456789ab", queue: "ntro/acme/ts" },
    });
  });
  it("is empty for TypeScript without children, everything for Python that declares none", () => {
    expect(lockChildren(revision("nav"), current, "acme")).toEqual({});
    expect(Object.keys(lockChildren(revision("nav", [], "python"), current, "acme"))).toEqual([
      "ingest",
      "ocr",
      "expenses",
    ]);
  });
  it("sends each child to the queue of its language and environment", () => {
    const mixed = [revision("ocr"), revision("ingest", [], "python"), revision("tax", [], "python", "0a1b2c3d4e5f")];
    expect(lockChildren(revision("nav", ["ocr", "ingest", "tax"]), mixed, "acme")).toMatchObject({
      ocr: { queue: "ntro/acme/ts" },
      ingest: { queue: "ntro/acme/py-base" },
      tax: { queue: "ntro/acme/py-0a1b2c3d4e5f" },
    });
  });
  it("ends where runbooks start each other", () => {
    expect(
      Object.keys(lockChildren(revision("a", ["b"]), [revision("a", ["b"]), revision("b", ["a"])], "acme")),
    ).toEqual(["b", "a"]);
  });
  it("refuses a declared child that is not ready", () => {
    expect(codeOf(() => lockChildren(revision("nav", ["gone"]), current, "acme"))).toEqual({
      code: "RUNBOOK_NOT_READY",
      hint: "Deploy gone to the tenant first.",
    });
  });
});
