import { randomUUID } from "node:crypto";
import { type IngestAnswer, type IngestData, type IngestUpdate, SIGNALS, UPDATES } from "@ntro/contract";
import { actorOf } from "../core/access";
import type { LiveGate } from "../core/child-slots";
import type { Caller } from "../http/handler";
import type { Services } from "../services";
import { insertRecords } from "../store/submitted-records";
import { giveAnswer } from "./answer";
import { readAnswerable } from "./decide";

/**
 * Hands rows to a task, or to a child of it: kept in the tenant's database first, then given as an answer. Rows that workflow code refuses are not kept.
 * @param id of a task, or of a child of it
 * @throws NtroError `DATA_NOT_TAKEN` where the runbook takes no such rows, `TASK_NOT_FOUND`, `TASK_CLOSED`, `TASK_UNREACHABLE`
 */
export async function ingestData(
  services: Services,
  caller: Caller,
  id: string,
  { kind, data, source_ref }: IngestData,
): Promise<IngestAnswer> {
  const { task, gates } = await readAnswerable(services, caller, id);
  const at = new Date().toISOString();
  const rows = Array.isArray(data) ? data : [data];
  const records = rows.map((row) => ({
    event_id: randomUUID(),
    kind: kind ?? null,
    tenant_slug: task.tenant_slug,
    entity_slug: task.entity_slug,
    source_ref: source_ref ?? null,
    data: row,
    received_at: at,
  }));
  const argument: IngestUpdate = { records, actedBy: actorOf(caller), at };
  await insertRecords(services.tenantDatabases, task.tenant_id, task.id, records);
  await giveAnswer(services, task, {
    workflowId: id === task.id ? takerOf(task.id, gates, kind ?? undefined) : id,
    gate: NO_GATE,
    updateName: UPDATES.ingest,
    argument,
    shown: null,
    actor: argument.actedBy,
  });
  return { event_ids: records.map(({ event_id }) => event_id) };
}

/** Rows answer no gate: a runbook takes them whenever it has a handler for them. */
const NO_GATE = "data";

/** The workflow that rows for a task are for: the only child whose gate asks for data (of this kind, where it says one), else the task itself. */
function takerOf(taskId: string, gates: readonly LiveGate[], kind: string | undefined): string {
  const asking = gates.filter(({ gate }) => {
    const args = gate.action.args ?? {};
    const expected = args.expected_kind;
    if (typeof expected === "string") return kind === undefined || expected === kind;
    return args.signal_name === SIGNALS.dataSubmitted;
  });
  const [only, ...others] = new Set(asking.map(({ workflowId }) => workflowId));
  return only !== undefined && others.length === 0 ? only : taskId;
}
