import { randomUUID } from "node:crypto";
import {
  type Checks,
  type Correction,
  type DocumentRef,
  decideUpdate,
  type IngestUpdate,
  NtroState,
  type OpenGate,
  QUERIES,
  type RowActionUpdate,
  type SIGNALS,
  type StateReport,
  UPDATES,
} from "@ntro/contract";
import { WorkflowFailedError, type WorkflowHandle, WorkflowUpdateFailedError } from "@temporalio/client";
import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure } from "@temporalio/common";
import { expect } from "vitest";
import type { Reports } from "./reports";

export const REVIEWER = { id: "u-1", name: "Robin Reviewer", via: "person" } as const;
export const CLIENT = { id: "u-2", name: "Casey Client", via: "person" } as const;

/** Who and where a task is for, as the server puts it into every input. */
export const IDENTITY = {
  tenant_id: "0b4f7c86-8d0c-4a53-9c53-0a9a58f0a001",
  tenant_slug: "acme",
  entity_id: "0b4f7c86-8d0c-4a53-9c53-0a9a58f0a002",
  entity_slug: "acme-holdings",
} as const;

/** A running task, as the server and people see it: queries, updates, signals, reports. Nothing here knows the host's language. */
export class Task {
  constructor(
    readonly handle: WorkflowHandle,
    private readonly reports: Reports,
  ) {}

  get id(): string {
    return this.handle.workflowId;
  }

  /** This task's children in the order they were started, once it has told of as many. */
  async children(client: { getHandle(id: string): WorkflowHandle }, count: number): Promise<Task[]> {
    const told = await this.reported((report) => report.children.length === count);
    return told.children.map((child) => this.child(client, child.workflow_id));
  }

  /** A child of this task, by its workflow id. */
  child(client: { getHandle(id: string): WorkflowHandle }, id: string): Task {
    return new Task(client.getHandle(id), this.reports);
  }

  /** The first report of this workflow that fits; waits for it. Throws when the code is reported as failing instead. */
  async reported(fits: (report: StateOf) => boolean): Promise<StateOf> {
    const report = await this.reports.first(
      (candidate): candidate is StateOf | FailingOf =>
        this.#isFailing(candidate) || (this.#isState(candidate) && fits(candidate)),
    );
    if (report.kind === "state") return report;
    throw new Error(`The code fails: ${report.failure.message}\n${report.failure.stackTrace}`);
  }

  /** The report that closes this workflow; waits for it. */
  lastReport(): Promise<StateOf> {
    return this.reported((report) => report.closing !== null);
  }

  /** The first report of code that fails. */
  codeFailing(): Promise<FailingOf> {
    return this.reports.first((report): report is FailingOf => this.#isFailing(report));
  }

  /** All state reports so far, in the order they came. */
  stateReports(): StateOf[] {
    return this.reports.all.filter((report): report is StateOf => this.#isState(report));
  }

  query(name: string): Promise<unknown> {
    return this.handle.query(name);
  }

  /** `ntro_state`, checked by the contract. */
  async state(): Promise<NtroState> {
    return NtroState.parse(await this.query(QUERIES.state));
  }

  /** Waits until a gate is reported open, the one with this title if given, and reads it. */
  async gate(title?: string): Promise<OpenGate> {
    const fits = (gate: { title: string }) => title === undefined || gate.title === title;
    const open = await this.reported((report) => report.gates.some(fits));
    const token = open.gates.find(fits)?.token;
    const gate = (await this.state()).gates.find((candidate) => candidate.token === token);
    if (!gate) throw new Error(`The gate ${title ?? ""} was reported open but is not in ntro_state.`);
    return gate;
  }

  /** Waits until the same is asked again, at a gate opened after the one given. */
  async askedAgain(before: OpenGate): Promise<OpenGate> {
    const fits = (gate: { title: string; token: string }) => gate.title === before.title && gate.token !== before.token;
    await this.reported((report) => report.gates.some(fits));
    const gate = (await this.state()).gates.find(fits);
    if (!gate) throw new Error(`"${before.title}" was reported open again but is not in ntro_state.`);
    return gate;
  }

  /** The checks of the open review, once all of them have run. */
  async checked(): Promise<Checks> {
    const done = async () => (await this.state()).gates[0]?.action.checks;
    await expect.poll(async () => (await done())?.status).not.toSatisfy(isUnderWay);
    const checks = await done();
    if (!checks) throw new Error("The review has no checks.");
    return checks;
  }

  approve(gate: { token: string }, corrections: readonly Correction[] = []): Promise<unknown> {
    return this.#decide(gate, "approved", undefined, corrections);
  }

  reject(gate: { token: string }, reason: string | undefined): Promise<unknown> {
    return this.#decide(gate, "rejected", reason, []);
  }

  submit(gate: { token: string }, source: string, file: Partial<DocumentRef> = {}): Promise<unknown> {
    const update = { gate: gate.token, ...document(source, file), actedBy: CLIENT, at: AT };
    return this.#update(UPDATES.submit, update);
  }

  rowAction(gate: { token: string }, action: Omit<RowActionUpdate, "gate" | "actedBy" | "at">): Promise<unknown> {
    return this.#update(UPDATES.rowAction, { gate: gate.token, ...action, actedBy: REVIEWER, at: AT });
  }

  /** Sends an update as it is. */
  update(name: string, argument: unknown): Promise<unknown> {
    return this.#update(name, argument);
  }

  signal(name: (typeof SIGNALS)[keyof typeof SIGNALS], argument: unknown): Promise<void> {
    return this.handle.signal(name, argument);
  }

  result(): Promise<unknown> {
    return this.handle.result();
  }

  /** What the task failed with: the failure itself, or that of the activity or child it came from. */
  async failure(): Promise<{ type: string; message: string }> {
    try {
      return { type: "", message: `The task did not fail: ${JSON.stringify(await this.result())}` };
    } catch (error) {
      if (!(error instanceof WorkflowFailedError)) throw error;
      let cause: unknown = error.cause;
      while (cause instanceof ActivityFailure || cause instanceof ChildWorkflowFailure) cause = cause.cause;
      return cause instanceof ApplicationFailure
        ? { type: cause.type ?? "", message: cause.message }
        : { type: (cause as Error).name, message: (cause as Error).message };
    }
  }

  /** The types of the events of its history. */
  async eventTypes(): Promise<string[]> {
    const { events } = await this.handle.fetchHistory();
    return (events ?? []).map((event) => event.attributes ?? "");
  }

  #decide(
    gate: { token: string },
    decision: "approved" | "rejected",
    reason: string | undefined,
    corrections: readonly Correction[],
  ): Promise<unknown> {
    const update = decideUpdate({ gate: gate.token, decision, reason, corrections, actor: REVIEWER, at: AT });
    return this.#update(UPDATES.decide, update);
  }

  #update(name: string, argument: unknown): Promise<unknown> {
    return this.handle.executeUpdate(name, { args: [argument], updateId: randomUUID() });
  }

  #isFailing(report: StateReport): report is FailingOf {
    return report.kind === "code_failing" && report.workflow_id === this.id;
  }

  #isState(report: StateReport): report is StateOf {
    return report.kind === "state" && report.workflow_id === this.id;
  }
}

type StateOf = Extract<StateReport, { kind: "state" }>;
type FailingOf = Extract<StateReport, { kind: "code_failing" }>;

const isUnderWay = (status: unknown) => status === undefined || status === "running";

const AT = "2026-04-03T08:00:00.000Z";

/** What the server sends of a file that was submitted. */
export function document(source: string, file: Partial<DocumentRef> = {}) {
  return {
    document_ref: `doc-${source}`,
    source,
    filename: `${source}.xlsx`,
    content_type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    size_bytes: 1234,
    sha256: "ab".repeat(32),
    tenant_slug: IDENTITY.tenant_slug,
    entity_slug: IDENTITY.entity_slug,
    ...file,
  };
}

/** What the server sends of rows that were submitted as data. */
export function records(...rows: Record<string, unknown>[]): IngestUpdate {
  const { tenant_slug, entity_slug } = IDENTITY;
  return {
    records: rows.map((data) => ({
      event_id: randomUUID(),
      kind: null,
      tenant_slug,
      entity_slug,
      source_ref: null,
      data,
      received_at: AT,
    })),
    actedBy: CLIENT,
    at: AT,
  };
}

/** Why an update was refused; fails when it was not. */
export async function refusal(update: Promise<unknown>): Promise<{ type: string; message: string }> {
  const error = await update.then(
    () => new Error("The update was accepted."),
    (reason: unknown) => reason,
  );
  if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure)
    return { type: error.cause.type ?? "", message: error.cause.message };
  throw error;
}
