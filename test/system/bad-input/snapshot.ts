import { expect } from "vitest";
import type { Platform } from "../platform";
import { inDatabase, inTenants } from "./databases";

/** Everything a command could have changed: what the API lists, and what lies in the databases beside it. */
export async function snapshot(platform: Platform) {
  const api = platform.client();
  const query = { limit: 500 };
  const [tenants, entities, runbooks, workflows, tasks, schedule] = await Promise.all([
    api.call("tenants.list", { query }),
    api.call("entities.listAll", { query }),
    api.call("runbooks.list", { query }),
    api.call("workflows.list", { query }),
    api.call("tasks.list", { query }),
    api.call("schedule.list", { query }),
  ]);
  const [current, revisions, documents, tables] = await Promise.all([
    inDatabase(platform, "select * from current_versions order by tenant_id, slug"),
    inDatabase(platform, "select id from revisions order by id"),
    inTenants(platform, "select id, sha256 from ingest.submitted_documents order by id"),
    inTenants(
      platform,
      "select relnamespace::regnamespace::text, relname from pg_class where relnamespace >= 16384 order by 1, 2",
    ),
  ]);
  // Of a task that goes on by itself, what people decide.
  const decided = tasks.map(({ id, gates, result }) => ({ id, gates: gates.map(({ token }) => token), result }));
  return { tenants, entities, runbooks, workflows, tasks: decided, schedule, current, revisions, documents, tables };
}

/** How a refused command must look. */
export interface Refusal {
  readonly code: number;
  /** All of them are on stderr: what happened, and what to type next. */
  readonly says: readonly (string | RegExp)[];
  /** The error's code in JSON mode. */
  readonly error: string;
}

/** Types a command with `-o json` and expects to be refused as said, with everything as it was before. */
export async function expectRefused(platform: Platform, args: readonly string[], refusal: Refusal): Promise<void> {
  const before = await snapshot(platform);
  // The words for people are on stderr in JSON mode too.
  const ran = await platform.ntro(...args, "-o", "json");
  for (const part of refusal.says) expect(ran.stderr).toMatch(part instanceof RegExp ? part : literally(part));
  expect(ran.code).toBe(refusal.code);
  expect(JSON.parse(ran.stdout)).toMatchObject({
    code: refusal.error,
    message: expect.any(String),
    statusCode: expect.any(Number),
  });
  expect(await snapshot(platform)).toEqual(before);
}

/** A pattern of exactly this text. */
export function literally(text: string): RegExp {
  return new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
}
