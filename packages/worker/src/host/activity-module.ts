import { createRequire } from "node:module";
import { ACTIVITY_FILES } from "@ntro/bundle/typescript";
import type { Activity, ActivityPolicy } from "@ntro/runbook";
import { isActivity } from "@ntro/runbook/activity";
import { BundleFaulty, loadFault } from "./load-failure";

/** The activities of one revision, by name. */
export type ActivityModule = ReadonlyMap<string, Activity>;

const requireFrom = createRequire(import.meta.url);

/**
 * Loads a built activities module. This runs the author's top-level code, so only in a host.
 * @param path of the built file; its source map beside it gives stack traces the author's lines
 * @throws BundleFaulty when the module throws
 */
export function loadActivities(path: string): ActivityModule {
  let exports: Record<string, unknown>;
  try {
    exports = requireFrom(path) as Record<string, unknown>;
  } catch (error) {
    throw new BundleFaulty([
      loadFault(
        "RUNBOOK_LOAD_ERROR",
        ACTIVITY_FILES[0],
        error,
        "The module's top-level code failed; move side effects into activities.",
      ),
    ]);
  }
  return new Map(
    Object.entries(exports).filter(
      (entry): entry is [string, Activity] => entry[0] !== "default" && isActivity(entry[1]),
    ),
  );
}

/** What stands for `templates/activities.ts` in workflow code: names and policies, no code. */
export function activitiesStub(activities: ReadonlyMap<string, Pick<Activity, "policy">>): string {
  const declare = ([name, { policy }]: [string, { policy: ActivityPolicy }]) =>
    `export const ${name} = ${JSON.stringify({ kind: "ntro.activity", policy })};`;
  return ["export {};", ...[...activities].map(declare)].join("\n");
}
