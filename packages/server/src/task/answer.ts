import { createHash, randomUUID } from "node:crypto";
import { type Actor, ErrorCode, type EventType, FAILURE_TYPES, IngestUpdate, NtroError, UPDATES } from "@ntro/contract";
import { AnswerRefused } from "../engine/engine";
import type { Services } from "../services";
import { type Answer, insertAnswer, lastDecision, openAnswers, settleAnswer } from "../store/answers";
import { appendAudit, canonicalJson } from "../store/audit";
import { inTransaction } from "../store/database";
import { deleteDocument } from "../store/documents";
import { appendEvents } from "../store/events";
import { deleteRecords } from "../store/submitted-records";
import type { TaskRow } from "../store/tasks";
import { markAnswered } from "./answered-gate";
import { afterRepairs } from "./repair-signal";

/** The parts of a task that its answers need. */
export type AnsweredTask = Pick<TaskRow, "id" | "tenant_id" | "failure">;

/** An answer somebody has given, already fitted to its gate. */
export interface GivenAnswer {
  readonly workflowId: string;
  readonly gate: string;
  readonly updateName: (typeof UPDATES)[keyof typeof UPDATES];
  readonly argument: Readonly<Record<string, unknown>>;
  readonly shown: unknown;
  readonly actor: Actor;
}

const unsettled = new WeakMap<Services["tenantDatabases"], Set<string>>();

/** Tenants in whose databases this process may have left answers unsettled; to be kept by who looks. */
export function unsettledTenants({ tenantDatabases }: Services): Set<string> {
  const tenants = unsettled.get(tenantDatabases) ?? new Set<string>();
  unsettled.set(tenantDatabases, tenants);
  return tenants;
}

/**
 * Gives an answer to workflow code, exactly once: written first, sent under the id it was written with, then recorded and settled. What a crash interrupts,
 * {@link deliverAnswer} goes on with.
 * @throws NtroError what workflow code refused it with; `TASK_UNREACHABLE` or `ENGINE_UNAVAILABLE` when it could not be sent yet and is kept
 */
export async function giveAnswer(services: Services, task: AnsweredTask, given: GivenAnswer): Promise<void> {
  const shownDigest = createHash("sha256").update(canonicalJson(given.shown)).digest("hex");
  const answer: Answer = { ...given, id: randomUUID(), taskId: task.id, shownDigest, createdAt: new Date() };
  unsettledTenants(services).add(task.tenant_id);
  await insertAnswer(services.tenantDatabases, task.tenant_id, answer);
  await deliverAnswer(services, task.tenant_id, answer);
}

/**
 * Sends an answer that is written but not settled, as often as it takes: Temporal knows its id, so workflow code sees it once.
 * @throws NtroError see {@link giveAnswer}
 */
export async function deliverAnswer(services: Services, tenantId: string, answer: Answer): Promise<void> {
  const { tenantDatabases } = services;
  const refusal = await sendAnswer(services, answer).catch((error: unknown) => {
    throw keptForLater(error);
  });
  if (refusal) {
    await dropRefused(services, tenantId, answer);
    await settleAnswer(tenantDatabases, tenantId, answer.id, {
      outcome: "refused",
      refusal: { type: refusal.code, message: refusal.message },
    });
    throw refusal.code === "GATE_NOT_OPEN" ? await alreadyAnswered(services, tenantId, answer, refusal) : refusal;
  }
  await recordAnswer(services, tenantId, answer);
  await settleAnswer(tenantDatabases, tenantId, answer.id, { outcome: "accepted" });
}

/** How often an answer is sent that is told to be too late while its gate is open. */
const SENDINGS = 3;

/**
 * Sends an answer; gives the refusal of workflow code that will never take it. A host that has just loaded an execution may look at an answer before it has
 * come to the gate that is open, so a gate that is said not to be open is asked about: the question also takes the execution to where it stands.
 */
async function sendAnswer(services: Services, answer: Answer): Promise<NtroError | undefined> {
  const { engine } = services;
  const { workflowId, updateName, id, argument, gate } = answer;
  for (let sent = 1; ; sent++) {
    try {
      await afterRepairs(services, answer.taskId);
      await engine.update(workflowId, updateName, id, argument);
      return undefined;
    } catch (error) {
      const refusal = refusalOf(error, answer);
      if (!refusal) throw error;
      if (refusal.code !== "GATE_NOT_OPEN") return refusal;
      const isOpen = await engine.state(workflowId).then(
        ({ gates }) => gates.some(({ token }) => token === gate),
        (lost: unknown) => {
          if (lost instanceof NtroError && lost.code === "TASK_CLOSED") return false;
          throw lost;
        },
      );
      if (!isOpen) return refusal;
      if (sent === SENDINGS)
        throw new NtroError("TASK_UNREACHABLE", `The task ${workflowId} does not take the answer.`, { cause: refusal });
    }
  }
}

/** A file or rows that workflow code did not take are not kept: nothing refers to them. */
async function dropRefused(
  { tenantDatabases }: Services,
  tenantId: string,
  { updateName, argument }: Answer,
): Promise<void> {
  if (updateName === UPDATES.submit && typeof argument.document_ref === "string")
    await deleteDocument(tenantDatabases, tenantId, argument.document_ref);
  if (updateName !== UPDATES.ingest) return;
  const { records } = IngestUpdate.parse(argument);
  await deleteRecords(
    tenantDatabases,
    tenantId,
    records.map(({ event_id }) => event_id),
  );
}

/** The error of an answer that workflow code will never take; undefined for one that may still arrive. */
function refusalOf(error: unknown, { taskId, updateName }: Answer): NtroError | undefined {
  if (error instanceof NtroError) return error.code === "TASK_CLOSED" ? error : undefined;
  if (!(error instanceof AnswerRefused)) return undefined;
  const code = ErrorCode.safeParse(error.type);
  if (updateName === UPDATES.ingest && (!code.success || code.data === "DATA_NOT_TAKEN"))
    // Without a code it is Temporal's own refusal: the workflow has no handler for rows.
    return new NtroError("DATA_NOT_TAKEN", code.success ? error.message : "The runbook takes no rows as data.", {
      hint: `\`ntro run next ${taskId}\` shows what it waits for and takes.`,
      cause: error,
    });
  return new NtroError(code.success ? code.data : "GATE_NOT_OPEN", error.message, {
    hint: `\`ntro run next ${taskId}\` shows what it waits for and takes.`,
    cause: error,
  });
}

function keptForLater(error: unknown): unknown {
  if (!(error instanceof NtroError)) return error;
  return new NtroError(error.code, `${error.message} The answer is kept and will be given as soon as it can be.`, {
    hint: "`ntro run status` shows whether it has arrived.",
    cause: error,
  });
}

const DONE: Readonly<Record<string, { readonly action: string; readonly event: EventType }>> = {
  [UPDATES.decide]: { action: "task.decided", event: "task.decided" },
  [UPDATES.submit]: { action: "task.file_submitted", event: "task.file_submitted" },
  [UPDATES.rowAction]: { action: "task.row_changed", event: "task.row_changed" },
  [UPDATES.ingest]: { action: "task.data_submitted", event: "task.data_submitted" },
};

/** Event and audit of an accepted answer, once however often it is sent. They say who and on which data, never the data itself. */
async function recordAnswer({ db }: Services, tenantId: string, answer: Answer): Promise<void> {
  const done = DONE[answer.updateName] ?? { action: "task.decided", event: "task.decided" as const };
  const about = describeAnswer(answer);
  const subject = `task:${answer.taskId}`;
  await inTransaction(db, async (trx) => {
    // Two processes may deliver the same answer at once; the task's row lets one through at a time.
    await trx.selectFrom("tasks").select("id").where("id", "=", answer.taskId).forUpdate().execute();
    const known = await trx
      .selectFrom("audit")
      .select("seq")
      .where("subject", "=", subject)
      .where((where) => where(where.ref("detail", "->>").key("answer"), "=", answer.id))
      .executeTakeFirst();
    if (known) return;
    await markAnswered(trx, answer);
    await appendEvents(trx, [
      { type: done.event, tenantId, taskId: answer.taskId, data: { ...about, by: answer.actor.name } },
    ]);
    await appendAudit(trx, {
      tenantId,
      actor: answer.actor,
      action: done.action,
      subject,
      detail: { ...about, answer: answer.id },
      shownDigest: answer.shownDigest,
    });
  });
}

/** What an answer was, without what is in it. */
function describeAnswer({ gate, workflowId, updateName, argument }: Answer): Record<string, unknown> {
  if (updateName === UPDATES.ingest) {
    const { records } = IngestUpdate.parse(argument);
    return { workflowId, kind: records[0]?.kind ?? null, rows: records.length };
  }
  const base = { gate, workflowId };
  if (updateName === UPDATES.submit) {
    const { source, document_ref, filename, size_bytes, sha256 } = argument;
    return { ...base, source, documentRef: document_ref, filename, sizeBytes: size_bytes, sha256 };
  }
  if (updateName === UPDATES.rowAction)
    return { ...base, change: argument.action, rowId: argument.row_id, field: argument.field };
  const corrections = Array.isArray(argument.corrections) ? argument.corrections.length : 0;
  return { ...base, decision: argument.type, corrections };
}

/**
 * Gives answers of this gate that were written but not settled, before another is taken: a decision that somebody made before a crash comes first.
 * @throws NtroError `GATE_NOT_OPEN` when one of them has answered the gate
 */
export async function settleEarlierAnswers(services: Services, task: AnsweredTask, gate: string): Promise<void> {
  const earlier = await openAnswers(services.tenantDatabases, task.tenant_id, { taskId: task.id, token: gate });
  for (const answer of earlier) {
    try {
      await deliverAnswer(services, task.tenant_id, answer);
    } catch (error) {
      // Refused: it is settled, and the gate is still open to others.
      if (error instanceof NtroError && !["TASK_UNREACHABLE", "ENGINE_UNAVAILABLE"].includes(error.code)) continue;
      throw error;
    }
    if (answer.updateName === UPDATES.decide)
      throw await alreadyAnswered(
        services,
        task.tenant_id,
        answer,
        new NtroError("GATE_NOT_OPEN", "The gate was answered already."),
      );
  }
}

/** `GATE_NOT_OPEN` that says who answered the gate, and when. */
async function alreadyAnswered(
  services: Services,
  tenantId: string,
  answer: Pick<Answer, "taskId" | "gate">,
  error: NtroError,
): Promise<NtroError> {
  return explainNotOpen(services, { id: answer.taskId, tenant_id: tenantId }, answer.gate, error);
}

/** Adds to a `GATE_NOT_OPEN` who answered the gate (or, without one, the task last) and when; other errors stay as they are. */
export async function explainNotOpen(
  services: Services,
  task: Pick<AnsweredTask, "id" | "tenant_id">,
  gate: string | undefined,
  error: NtroError,
): Promise<NtroError> {
  if (error.code !== "GATE_NOT_OPEN") return error;
  const last = await lastDecision(services.tenantDatabases, task.tenant_id, task.id, gate, UPDATES.decide);
  if (!last) return error;
  const verb = last.argument.type === "rejected" ? "rejected" : "approved";
  const what = gate === undefined ? "The last review" : "It";
  return new NtroError(
    "GATE_NOT_OPEN",
    `${error.message} ${what} was ${verb} by ${last.actor.name} at ${String(last.argument.at)}.`,
    {
      hint: error.hint ?? `\`ntro run status ${task.id}\` shows where the task is.`,
      details: error.details,
      cause: error,
    },
  );
}

/** @throws NtroError `TASK_UNREACHABLE` while the task's code is failing: asking it would hang */
export function requireWorkingCode(task: AnsweredTask): void {
  if (task.failure?.type !== FAILURE_TYPES.codeFailing) return;
  throw new NtroError("TASK_UNREACHABLE", `The task's workflow code is failing: ${task.failure.message}`, {
    hint: `Deploy corrected code, then \`ntro run repair ${task.id} --to <version>\`; \`ntro run cancel ${task.id}\` ends it.`,
  });
}
