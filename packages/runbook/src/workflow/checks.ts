import type { CheckItem, Checks } from "@ntro/contract/protocol";
import type { Check } from "../gates";

/** The outcome of a review's checks on its rows: each by itself, and the worst of them. */
export function runChecks(checks: readonly Check<never>[], rows: readonly unknown[]): Checks {
  const items = checks.map(
    (check): CheckItem => ({ id: check.id, title: check.title, source: "code", ...outcomeOf(check, rows) }),
  );
  const worst = (["fail", "warn"] as const).find((status) => items.some((item) => item.status === status)) ?? "pass";
  const passed = items.filter((item) => item.status === "pass").length;
  return { status: worst, summary: `${passed} of ${items.length} checks passed`, items };
}

/** A check that throws is shown as failed: it must not stop people from deciding. */
function outcomeOf(check: Check<never>, rows: readonly unknown[]): Pick<CheckItem, "status" | "detail"> {
  try {
    const { status, detail } = check.run(rows as readonly never[]);
    return detail === undefined ? { status } : { status, detail };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { status: "fail", detail: `The check itself failed: ${message}` };
  }
}
