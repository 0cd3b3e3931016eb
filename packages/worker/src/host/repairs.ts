import type { HostRepair } from "@ntro/contract";

/** A repair in force: the revision whose code an execution runs. */
export type RepairInForce = Pick<HostRepair, "number" | "type">;

/**
 * Which executions run other code than they started with, as far as this host knows. The server tells all of them; the signals in histories tell them too, and
 * those are what counts: one that the server's list does not have yet stays. The higher number wins.
 */
export class Repairs {
  #told = new Map<string, RepairInForce>();
  readonly #met = new Map<string, RepairInForce>();

  constructor(repairs: readonly HostRepair[]) {
    this.replace(repairs);
  }

  /** Takes the server's list in place of its earlier one. */
  replace(repairs: readonly HostRepair[]): void {
    this.#told = new Map(repairs.map(({ workflowId, number, type }) => [workflowId, { number, type }]));
    for (const [workflowId, { number }] of this.#met)
      if ((this.#told.get(workflowId)?.number ?? 0) >= number) this.#met.delete(workflowId);
  }

  /** Takes what a signal in an execution's history says; an older one than is known changes nothing. */
  meet(workflowId: string, { number, type }: RepairInForce): void {
    if (number > (this.#inForce(workflowId)?.number ?? 0)) this.#met.set(workflowId, { number, type });
  }

  /** The workflow type whose code an execution runs. */
  typeOf(workflowId: string, ownType: string): string {
    return this.#inForce(workflowId)?.type ?? ownType;
  }

  #inForce(workflowId: string): RepairInForce | undefined {
    const told = this.#told.get(workflowId);
    const met = this.#met.get(workflowId);
    return (met?.number ?? 0) > (told?.number ?? 0) ? met : told;
  }
}
