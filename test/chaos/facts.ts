import { childWorkflowId, DecideUpdate, Lock, MEMO } from "@ntro/contract";
import { Client, Connection, WorkflowNotFoundError } from "@temporalio/client";
import * as z from "zod";
import { type AuditCheck, verifyAudit } from "../../packages/server/src/store/audit";
import { openDatabase } from "../../packages/server/src/store/database";
import { inDatabase, inTenants, poolOf } from "../system/bad-input/databases";
import type { Platform } from "../system/platform";
import { LEGS } from "./bundles";

const TaskRow = z.object({
  id: z.string(),
  status: z.string(),
  failure: z.object({ type: z.string() }).nullable(),
  type: z.string(),
  lock: Lock.nullable(),
});
const Effect = z.object({
  task_id: z.string(),
  effect: z.string(),
  key: z.string(),
  amount: z.string(),
  called_by: z.string(),
  revision: z.string(),
});
const Attempt = Effect.pick({ task_id: true, effect: true, key: true, revision: true });
const Answer = z.object({
  id: z.string(),
  task_id: z.string(),
  workflow_id: z.string(),
  gate: z.string(),
  outcome: z.string().nullable(),
  argument: DecideUpdate,
});
const Result = z.object({ task_id: z.string(), result: z.unknown() });
const Audited = z.object({ subject: z.string(), answer: z.string() });

/** An execution as Temporal has it. */
interface Execution {
  readonly type: string;
  readonly status: string;
  readonly lock: Lock | null;
}

/** What a platform has written down, in all the places where it does. */
export interface Facts {
  readonly tasks: readonly z.infer<typeof TaskRow>[];
  readonly results: readonly z.infer<typeof Result>[];
  readonly effects: readonly z.infer<typeof Effect>[];
  readonly attempts: readonly z.infer<typeof Attempt>[];
  readonly answers: readonly z.infer<typeof Answer>[];
  /** Answers in the audit chain, as often as they are there. */
  readonly audited: readonly z.infer<typeof Audited>[];
  readonly chain: AuditCheck;
  readonly pendingDeployments: number;
  /** By workflow id: those of the tasks that were asked about, and of their children. */
  readonly executions: ReadonlyMap<string, Execution>;
}

const TASKS = `select t.id, t.status, t.failure, r.workflow_type as type, t.lock from tasks t join revisions r on r.id = t.revision_id`;
const AUDITED = `select subject, detail->>'answer' as answer from audit where action = 'task.decided' order by seq`;
const PENDING = "select count(*)::int as count from deployments where status = 'pending'";

/** Reads everything that can be known of a platform's tasks. Throws what keeps it from being read, such as a part that is just being started again. */
export async function readFacts(platform: Platform, taskIds: readonly string[]): Promise<Facts> {
  const [tasks, audited, pending] = [
    await inDatabase(platform, TASKS),
    await inDatabase(platform, AUDITED),
    await inDatabase(platform, PENDING),
  ];
  const inTenant = async <T>(schema: z.ZodType<T>, sql: string): Promise<T[]> =>
    schema.array().parse(Object.values(await inTenants(platform, sql)).flat());
  return {
    tasks: TaskRow.array().parse(tasks),
    audited: Audited.array().parse(audited),
    pendingDeployments: z.object({ count: z.number() }).parse(pending[0]).count,
    results: await inTenant(Result, "select task_id, result from ntro.task_records"),
    effects: await inTenant(Effect, "select * from ledgers.effects"),
    attempts: await inTenant(Attempt, "select * from ledgers.attempts"),
    answers: await inTenant(Answer, "select * from ntro.answers"),
    chain: await verifyAudit(openDatabase(poolOf(platform))),
    executions: await readExecutions(platform, taskIds),
  };
}

async function readExecutions(platform: Platform, taskIds: readonly string[]): Promise<Map<string, Execution>> {
  const connection = await Connection.connect({ address: platform.address("temporal"), connectTimeout: 5_000 });
  try {
    const { workflow } = new Client({ connection });
    const found = new Map<string, Execution>();
    for (const id of taskIds.flatMap((task) => [task, ...LEGS.map((leg) => childWorkflowId(task, "legs", leg))])) {
      try {
        const { type, status, memo } = await workflow.getHandle(id).describe();
        found.set(id, { type, status: status.name, lock: Lock.safeParse(memo?.[MEMO.lock]).data ?? null });
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      }
    }
    return found;
  } finally {
    await connection.close();
  }
}
