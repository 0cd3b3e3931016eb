import { Actor } from "@ntro/contract";
import * as z from "zod";
import type { TenantDatabases } from "./tenant-databases";

/** An answer on its way to workflow code: written before it is sent, settled after. Its id is the id of the update. */
export interface Answer {
  readonly id: string;
  readonly taskId: string;
  /** The workflow that opened the gate: the task, or a child of it. */
  readonly workflowId: string;
  readonly gate: string;
  readonly updateName: string;
  readonly argument: Readonly<Record<string, unknown>>;
  /** What the person saw; payloads stay in the tenant's database, of which the audit log has the digest. */
  readonly shown: unknown;
  readonly shownDigest: string | null;
  readonly actor: Actor;
  readonly createdAt: Date;
}

/** How an answer ended. */
export type Settlement =
  | { readonly outcome: "accepted" }
  | { readonly outcome: "refused"; readonly refusal: { readonly type: string; readonly message: string } };

const Row = z.object({
  id: z.string(),
  task_id: z.string(),
  workflow_id: z.string(),
  gate: z.string(),
  update_name: z.string(),
  argument: z.record(z.string(), z.unknown()),
  shown: z.unknown(),
  shown_digest: z.string().nullable(),
  actor: Actor,
  created_at: z.date(),
});
const COLUMNS = "id, task_id, workflow_id, gate, update_name, argument, shown, shown_digest, actor, created_at";

function toAnswer(row: unknown): Answer {
  const read = Row.parse(row);
  return {
    id: read.id,
    taskId: read.task_id,
    workflowId: read.workflow_id,
    gate: read.gate,
    updateName: read.update_name,
    argument: read.argument,
    shown: read.shown,
    shownDigest: read.shown_digest,
    actor: read.actor,
    createdAt: read.created_at,
  };
}

/** Writes an answer that is about to be sent. */
export async function insertAnswer(tenants: TenantDatabases, tenantId: string, answer: Answer): Promise<void> {
  await tenants.query(
    tenantId,
    `insert into ntro.answers (${COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      answer.id,
      answer.taskId,
      answer.workflowId,
      answer.gate,
      answer.updateName,
      JSON.stringify(answer.argument),
      JSON.stringify(answer.shown ?? null),
      answer.shownDigest,
      JSON.stringify(answer.actor),
      answer.createdAt,
    ],
  );
}

/** Marks how an answer ended; the first outcome stays. */
export async function settleAnswer(
  tenants: TenantDatabases,
  tenantId: string,
  id: string,
  settlement: Settlement,
): Promise<void> {
  await tenants.query(
    tenantId,
    `update ntro.answers set outcome = $2, refusal = $3, settled_at = now() where id = $1 and outcome is null`,
    [id, settlement.outcome, settlement.outcome === "refused" ? JSON.stringify(settlement.refusal) : null],
  );
}

/** Answers that were never settled, oldest first: all of a tenant's, or those of one gate. */
export async function openAnswers(
  tenants: TenantDatabases,
  tenantId: string,
  of?: { readonly taskId: string; readonly token?: string },
): Promise<Answer[]> {
  const rows = await tenants.query(
    tenantId,
    `select ${COLUMNS} from ntro.answers where outcome is null and ($1::uuid is null or task_id = $1) and ($2::text is null or gate = $2) order by created_at, id limit 1000`,
    [of?.taskId ?? null, of?.token ?? null],
  );
  return rows.map(toAnswer);
}

/** The last accepted decision of a task, at one gate when its token is given; undefined when there is none. */
export async function lastDecision(
  tenants: TenantDatabases,
  tenantId: string,
  taskId: string,
  gate: string | undefined,
  updateName: string,
): Promise<Answer | undefined> {
  const [row] = await tenants.query(
    tenantId,
    `select ${COLUMNS} from ntro.answers
     where task_id = $1 and ($2::text is null or gate = $2) and update_name = $3 and outcome = 'accepted' order by settled_at desc limit 1`,
    [taskId, gate ?? null, updateName],
  );
  return row === undefined ? undefined : toAnswer(row);
}
