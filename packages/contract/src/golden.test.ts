import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { expect, test } from "vitest";
import * as z from "zod";
import { QUERIES } from "./names";
import { NtroState, PendingAction, Snapshot } from "./protocol";

const folder = new URL("../golden/", import.meta.url);
/** Those that hold for hosts of every language, and below `python/` those of the published Python SDK's own shapes. */
const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".json"));

/** The answers of all queries at one moment of a task. */
const Answers = z.strictObject({
  [QUERIES.pendingAction]: PendingAction.nullable(),
  [QUERIES.steps]: z.array(
    z.strictObject({
      id: z.string(),
      title: z.string(),
      icon: z.string().optional(),
      status: z.enum(["completed", "active", "pending", "failed"]),
    }),
  ),
  [QUERIES.uiState]: z.strictObject({
    current_step_id: z.string().nullable(),
    steps_completed: z.array(z.string()),
    children: z.record(z.string(), z.array(z.unknown())),
    pending_payload: z.unknown(),
  }),
  [QUERIES.snapshots]: z.record(z.string(), Snapshot),
  [QUERIES.children]: z.record(
    z.string(),
    z.array(
      z.strictObject({
        workflow_id: z.string(),
        run_id: z.string(),
        slug: z.string(),
        status: z.enum(["running", "completed", "failed"]),
      }),
    ),
  ),
  [QUERIES.state]: NtroState,
});

test.each(names)("%s holds what the contract describes, and nothing besides", (name) => {
  const golden: unknown = JSON.parse(readFileSync(new URL(name, folder), "utf8"));
  expect(Answers.parse(golden)).toEqual(golden);
});

test.each(names.filter((name) => name.includes("/")))(
  "%s is there because it differs from what holds for all",
  (name) => {
    const read = (path: string): unknown => JSON.parse(readFileSync(new URL(path, folder), "utf8"));
    expect(read(name)).not.toEqual(read(basename(name)));
  },
);
