import { NtroError } from "@ntro/contract";
import { checkSchedule, tidyCron } from "./schedule";

type Json = Record<string, unknown>;

/** The settings of a workflow that can change. */
export interface Binding {
  readonly name: string | null;
  readonly description: string | null;
  readonly runbookVersion: string | null;
  readonly schedule: string | null;
  readonly timezone: string | null;
  readonly defaultConfig: Json | null;
}

/** What is asked for: an absent field leaves what is there, null removes it. */
export type BindingPatch = { readonly [K in keyof Binding]?: Binding[K] | undefined };

export interface BindingPlan {
  readonly binding: Binding;
  /** Empty for a new workflow. */
  readonly changes: { field: string; before: string | null; after: string | null }[];
}

const UNBOUND: Binding = {
  name: null,
  description: null,
  runbookVersion: null,
  schedule: null,
  timezone: null,
  defaultConfig: null,
};
const FIELDS = ["name", "description", "runbookVersion", "schedule", "timezone", "defaultConfig"] as const;

/**
 * What a workflow becomes. `existing` undefined makes a new one. A schedule without a zone is in UTC, and its zone goes with it. Throws `SCHEDULE_INVALID`, and
 * `VERSION_NOT_FOUND` when it is newly pinned to a version the tenant does not have.
 */
export function planBinding(
  runbookSlug: string,
  existing: Binding | undefined,
  patch: BindingPatch,
  versions: readonly string[],
): BindingPlan {
  const before = existing ?? UNBOUND;
  const pick = <K extends keyof Binding>(field: K): Binding[K] => {
    const asked = patch[field];
    return asked === undefined ? before[field] : asked;
  };
  const schedule = pick("schedule");
  if (schedule === null && typeof patch.timezone === "string")
    throw new NtroError("SCHEDULE_INVALID", "A time zone is given, but there is no schedule.", {
      hint: 'Give the schedule too: --schedule "0 8 5 * *".',
    });
  const binding: Binding = {
    name: pick("name"),
    description: pick("description"),
    runbookVersion: pick("runbookVersion"),
    schedule: schedule === null ? null : tidyCron(schedule),
    timezone: schedule === null ? null : (pick("timezone") ?? "UTC"),
    defaultConfig: pick("defaultConfig"),
  };
  if (binding.schedule !== null && binding.timezone !== null) checkSchedule(binding.schedule, binding.timezone);
  if (binding.runbookVersion !== before.runbookVersion) requireVersion(runbookSlug, binding.runbookVersion, versions);
  return { binding, changes: existing ? differences(existing, binding) : [] };
}

function requireVersion(slug: string, pin: string | null, versions: readonly string[]): void {
  if (pin === null || versions.includes(pin)) return;
  throw new NtroError("VERSION_NOT_FOUND", `The tenant has no version ${pin} of ${slug}.`, {
    hint:
      versions.length > 0
        ? `It has ${versions.join(", ")}.`
        : `Deploy ${slug} first: \`ntro workflow create --path …\`.`,
  });
}

function differences(before: Binding, after: Binding): BindingPlan["changes"] {
  return FIELDS.map((field) => ({ field, before: asText(before[field]), after: asText(after[field]) })).filter(
    (change) => change.before !== change.after,
  );
}

function asText(value: string | Json | null): string | null {
  return value === null || typeof value === "string" ? value : JSON.stringify(value);
}
