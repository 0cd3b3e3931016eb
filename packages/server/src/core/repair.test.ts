import { expect, test } from "vitest";
import {
  meantRevision,
  type OpenExecution,
  planRepair,
  type RepairRevision,
  standsStill,
  stepAt,
  verdictOf,
  type WantedRepair,
} from "./repair";

const READY = new Date("2026-03-01T08:00:00Z");

function revision(slug: string, version: string, digit: string, more: Partial<RepairRevision> = {}): RepairRevision {
  const digest = digit.repeat(64);
  return {
    id: `${slug}@${version}+${digit}`,
    slug,
    version,
    digest,
    language: "typescript",
    environment: null,
    children: [],
    readyAt: READY,
    ...more,
  };
}

const books = revision("books", "1.0.0", "a", { children: ["fees"] });
const fixed = revision("books", "1.0.1", "b", { children: ["fees"] });
const fees = revision("fees", "1.0.0", "c");
const laterFees = revision("fees", "1.0.1", "d");
const lockOf = ({ version, digest, slug }: RepairRevision) => ({
  type: `${slug}@${version}+${digest.slice(0, 12)}`,
  queue: "ntro/acme/ts",
});

test("a version, a version with its digest and the beginning of a digest mean a revision", () => {
  const all = [books, fixed, revision("books", "1.0.2+build.7", "e")];
  for (const reference of ["1.0.1", "1.0.1+bbbb", "bbbbbbbb", fixed.digest])
    expect(meantRevision("books", reference, all)).toBe(fixed);
  expect(meantRevision("books", "1.0.2+build.7", all).digest).toBe("e".repeat(64));
  expect(meantRevision("books", "1.0.2+build.7+eeee", all).digest).toBe("e".repeat(64));
});

test("what means none, or several, is refused with those it may be", () => {
  const twice = [books, fixed, revision("books", "1.0.1", "f")];
  const failed = revision("books", "1.0.3", "9", { readyAt: null });
  expect(() => meantRevision("books", "1.0.1", twice)).toThrow("books@1.0.1 has 2 contents.");
  expect(meantRevision("books", "1.0.1+ffff", twice).digest).toBe("f".repeat(64));
  // Of contents that never became ready nobody can mean one.
  expect(meantRevision("books", "1.0.1", [fixed, { ...failed, version: "1.0.1" }])).toBe(fixed);
  const codes = (reference: string) => {
    try {
      return meantRevision("books", reference, [books, failed]).id;
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  expect(["1.0.3", "2.0.0", "zzz", "abc", "1.0.0+bbbb", ""].map(codes)).toEqual([
    "RUNBOOK_NOT_READY",
    ...Array<string>(5).fill("VERSION_NOT_FOUND"),
  ]);
});

const child: OpenExecution = { workflowId: "task:book:fees", revision: fees };
const wanted: WantedRepair = {
  taskId: "task",
  tenantSlug: "acme",
  open: [{ workflowId: "task", revision: books }, child],
  to: fixed,
  children: new Map(),
  lock: { fees: lockOf(fees) },
  current: [fixed, laterFees],
  locked: new Map([[lockOf(fees).type, fees]]),
};

test("children keep theirs unless they are named", () => {
  expect(planRepair(wanted)).toEqual({
    checks: [{ workflowId: "task", from: books, to: fixed }],
    lock: {},
    laterChildren: [],
  });
});

test("a named child means those that run and those that are started later", () => {
  const plan = planRepair({ ...wanted, to: undefined, children: new Map([["fees", laterFees]]) });
  expect(plan.checks).toEqual([{ workflowId: child.workflowId, from: fees, to: laterFees }]);
  expect(plan.lock).toEqual({ fees: lockOf(laterFees) });
  expect(plan.laterChildren).toMatchObject([{ slug: "fees", from: { version: "1.0.0" }, to: { version: "1.0.1" } }]);
  const notRunning = { ...wanted, open: wanted.open.slice(0, 1), to: undefined };
  expect(planRepair({ ...notRunning, children: new Map([["fees", laterFees]]) })).toMatchObject({
    checks: [],
    lock: { fees: lockOf(laterFees) },
  });
});

test("a child that only the new code knows is the current one", () => {
  const levies = revision("levies", "2.0.0", "7", { children: ["fees"] });
  const to = { ...fixed, children: ["fees", "levies"] };
  const plan = planRepair({ ...wanted, to, current: [...wanted.current, levies] });
  expect(plan.lock).toEqual({ levies: lockOf(levies) });
  expect(plan.laterChildren).toMatchObject([{ slug: "levies", from: null }]);
  expect(() => planRepair({ ...wanted, to })).toThrow(expect.objectContaining({ code: "RUNBOOK_NOT_READY" }));
});

test.each([
  [{ language: "python", environment: "base" } as const, "a task keeps its language"],
  [{ slug: "fees" }, "It is a books, not a fees"],
])("refuses what can never fit: %o", (other, message) => {
  expect(() => planRepair({ ...wanted, to: { ...fixed, ...other } })).toThrow(message);
});

test("refuses another Python environment", () => {
  const python = { language: "python", environment: "base" } as const;
  const open = [{ workflowId: "task", revision: { ...books, ...python } }];
  const to = { ...fixed, ...python, environment: "0123456789ab" };
  expect(() => planRepair({ ...wanted, open, to })).toThrow("a task keeps its environment");
});

test.each([
  [false, ["fits", "waiting"], "waiting"],
  [false, ["fits", "same"], "apply"],
  [false, ["fits", "unfit", "failed"], "refused"],
  [false, ["fits", "failed"], "failed"],
  [true, ["fits", "unfit", "failed"], "checked"],
  [true, [], "checked"],
] as const)("check only %s, %j: %s", (checkOnly, statuses, verdict) => {
  expect(verdictOf(checkOnly, statuses)).toBe(verdict);
});

test("an execution stands still while nothing was added and nothing is at work", () => {
  const now = new Date("2026-03-01T08:00:20Z");
  const before = (seconds: number) => [new Date(now.getTime() - seconds * 1000)];
  const stands = (historyLength: number, code: "waits" | "busy" | "failing", answered: Date[] = []) =>
    standsStill(10, { historyLength, code }, answered, now);
  expect(stands(10, "waits")).toBe(true);
  expect(stands(11, "waits")).toBe(false);
  expect(stands(10, "busy")).toBe(false);
  expect(stands(10, "waits", before(1))).toBe(false);
  expect(stands(10, "waits", before(16))).toBe(true);
  expect(stands(10, "failing", before(1))).toBe(true);
  expect(standsStill(10, null, [], now)).toBe(false);
});

test("the step at a moment is the one entered last of those under way", () => {
  const steps = [
    { id: "one", title: "One", started_at: "2026-03-01T08:00:00Z", ended_at: "2026-03-01T08:00:05Z" },
    { id: "two", title: "Two", started_at: "2026-03-01T08:00:05Z" },
    { id: "three", title: "Three" },
  ];
  const at = (seconds: number) => stepAt(steps, new Date(Date.parse("2026-03-01T08:00:00Z") + seconds * 1000))?.id;
  expect([-1, 1, 5, 60].map(at)).toEqual([undefined, "one", "two", "two"]);
});
