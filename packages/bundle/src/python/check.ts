import type { Fault } from "@ntro/contract";
import type { Files } from "../fault";
import { REQUIREMENTS_FILE, type Requirements, readRequirements } from "./requirements";

const WORKFLOW_FILE = "templates/workflow.py";
const ACTIVITIES_FILE = "templates/activities.py";

/** What the files of a Python bundle say without being run; `requirements` is null for a bundle that is not Python. */
export type PythonResult = { status: "ok"; requirements: Requirements | null } | { status: "faulty"; faults: Fault[] };

/**
 * Checks the files of a Python bundle; one without templates/workflow.py passes as it is. What only Python can tell (classes, imports) a host finds.
 * @param paths every path of the bundle, including files whose text could not be had
 */
export function checkPython(files: Files, paths: ReadonlySet<string>): PythonResult {
  // With both workflow files it is ambiguous, which is told instead.
  if (!paths.has(WORKFLOW_FILE) || paths.has("templates/workflow.ts")) return { status: "ok", requirements: null };
  const faults: Fault[] = paths.has(ACTIVITIES_FILE) ? [] : [noActivities()];
  const read = readRequirements(files.get(REQUIREMENTS_FILE));
  if (read.status === "faulty") faults.push(...read.faults);
  if (read.status === "faulty" || faults.length > 0) return { status: "faulty", faults };
  return { status: "ok", requirements: read.requirements };
}

function noActivities(): Fault {
  return {
    code: "ACTIVITIES_PY_MISSING",
    message: `There is no ${ACTIVITIES_FILE}.`,
    path: ACTIVITIES_FILE,
    hint: "Add the file, with the functions marked @activity.defn; it may be empty.",
  };
}
