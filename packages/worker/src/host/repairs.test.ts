import { expect, test } from "vitest";
import { Repairs } from "./repairs";

const own = "nav@1.0.0+000000000000";
const one = "nav@1.0.1+111111111111";
const two = "nav@1.0.2+222222222222";

test("an execution without a repair runs its own code", () => {
  expect(new Repairs([]).typeOf("task", own)).toBe(own);
});

test("the highest number is in force, whoever told it, in whatever order", () => {
  const repairs = new Repairs([{ workflowId: "task", number: 1, type: one }]);
  expect(repairs.typeOf("task", own)).toBe(one);
  repairs.meet("task", { number: 2, type: two });
  expect(repairs.typeOf("task", own)).toBe(two);
  repairs.meet("task", { number: 1, type: one });
  repairs.replace([{ workflowId: "task", number: 1, type: one }]);
  expect(repairs.typeOf("task", own)).toBe(two);
  repairs.replace([{ workflowId: "task", number: 3, type: own }]);
  expect(repairs.typeOf("task", own)).toBe(own);
});

test("what only a signal told outlives lists that were made before it", () => {
  const repairs = new Repairs([]);
  repairs.meet("task", { number: 1, type: one });
  repairs.replace([]);
  expect(repairs.typeOf("task", own)).toBe(one);
  expect(repairs.typeOf("other", own)).toBe(own);
});
