import type { FileSlot, NtroState, OpenGate } from "@ntro/contract";

/** What one workflow of a task (the task itself, or a child) says of itself. */
export interface WorkflowState {
  readonly workflowId: string;
  readonly state: NtroState;
}

/** An open gate and the workflow that opened it. */
export interface LiveGate {
  readonly workflowId: string;
  readonly gate: OpenGate;
  /** Slots that a child takes itself, by source: the child's own gate, or undefined while it has none open. */
  readonly children?: ReadonlyMap<string, LiveGate | undefined>;
}

/**
 * Every open gate of a task: the task's own first, then its children's. A runbook may show a list of files that its children wait for, each at a gate of its own; there the
 * slots say what the children's states say, and know the child's gate. What opened them does not follow its children that closely.
 * @param states the task's first
 */
export function liveGates(states: readonly WorkflowState[]): LiveGate[] {
  const own = states.flatMap(({ workflowId, state }) => state.gates.map((gate) => ({ workflowId, gate })));
  return own.map((live) => withChildren(live, own, states));
}

function withChildren(live: LiveGate, own: readonly LiveGate[], states: readonly WorkflowState[]): LiveGate {
  const owners = slotOwners(live);
  if (owners.size === 0) return live;
  const children = new Map<string, LiveGate | undefined>();
  const statuses = new Map<string, FileSlot["status"]>();
  for (const slot of slotsOf(live.gate)) {
    const owner = owners.get(slot.source);
    if (owner === undefined) continue;
    const gate = own.find(
      (other) => other.workflowId === owner && other.gate.kind !== "interactive_review" && asksFor(other, slot.source),
    );
    children.set(slot.source, gate);
    const state = states.find(({ workflowId }) => workflowId === owner)?.state;
    if (slot.status === "pending" && gate === undefined && state && isUnderWay(state))
      statuses.set(slot.source, "processing");
  }
  return { ...live, gate: withStatuses(live.gate, statuses), children };
}

/** The workflows that take the slots of a gate, by source, where these are not the one that opened it: its author wrote whom to signal. */
function slotOwners({ workflowId, gate }: LiveGate): Map<string, string> {
  const owners = new Map<string, string>();
  for (const entry of expectedEntries(gate)) {
    const owner = entry.args.signal_task_id;
    if (typeof owner === "string" && owner !== workflowId && owner.startsWith(`${workflowId}:`))
      owners.set(entry.source, owner);
  }
  return owners;
}

/** A file of a list, as the published description of its gate has it. */
interface ExpectedFile {
  readonly source: string;
  readonly args: Record<string, unknown>;
  readonly status: unknown;
  readonly limit: unknown;
}

/** The files that the published description of a gate lists. */
export function expectedEntries(gate: OpenGate): ExpectedFile[] {
  const expected = gate.action.display_hint?.config.expected;
  if (!Array.isArray(expected)) return [];
  return expected
    .filter(isRecord)
    .flatMap(({ source, args, status, max_size_mb }) =>
      typeof source === "string" ? [{ source, args: isRecord(args) ? args : {}, status, limit: max_size_mb }] : [],
    );
}

/** Whether a file gate takes this source; one that names none takes any. */
function asksFor({ gate }: LiveGate, source: string): boolean {
  const slots = slotsOf(gate);
  const named = slots.some((slot) => slot.source === source && slot.status === "pending");
  return named || namesNone(gate);
}

/** Whether a gate for one file says nothing of what the file is. */
export function namesNone(gate: OpenGate): boolean {
  return gate.kind === "submit_file" && gate.action.args?.source === undefined;
}

/** Whether a workflow has got somewhere: one that has only begun may still be about to ask for its file. */
function isUnderWay({ steps, snapshots }: NtroState): boolean {
  const past = steps.some(({ status }) => status === "completed" || status === "failed");
  return steps.length === 0 || past || Object.keys(snapshots).length > 0;
}

function withStatuses(gate: OpenGate, statuses: ReadonlyMap<string, FileSlot["status"]>): OpenGate {
  if (statuses.size === 0) return gate;
  const change = <T>(entry: T): T =>
    isRecord(entry) && typeof entry.source === "string" && statuses.has(entry.source)
      ? { ...entry, status: statuses.get(entry.source) }
      : entry;
  const hint = gate.action.display_hint;
  const expected = hint?.config.expected;
  const shown =
    hint && Array.isArray(expected)
      ? { display_hint: { ...hint, config: { ...hint.config, expected: expected.map(change) } } }
      : {};
  return {
    ...gate,
    ...(gate.slots === undefined ? {} : { slots: gate.slots.map(change) }),
    action: { ...gate.action, ...shown },
  };
}

/**
 * The slots of a file gate. Published bundles describe theirs in the action alone: a list of files, or one slot that takes any type.
 */
export function slotsOf(gate: OpenGate): readonly FileSlot[] {
  if (gate.slots !== undefined && gate.slots.length > 0) return gate.slots;
  const listed = expectedEntries(gate);
  if (listed.length > 0)
    return listed.map(({ source, status, limit }) => ({
      source,
      accept: [],
      max_size_mb: megabytes(limit),
      status: STATUSES.find((known) => known === status) ?? "pending",
    }));
  const source = gate.action.args?.source;
  const limit = gate.action.display_hint?.config.max_size_mb;
  return [
    {
      source: typeof source === "string" ? source : "file",
      accept: [],
      max_size_mb: megabytes(limit),
      status: "pending",
    },
  ];
}

const STATUSES: readonly FileSlot["status"][] = ["pending", "processing", "completed", "failed"];

function megabytes(limit: unknown): number {
  return typeof limit === "number" && limit > 0 ? limit : Number.MAX_SAFE_INTEGER;
}

/** Whether somebody can answer a gate: all files of a list may be with the runbooks that work on them. */
export function isAnswerable({ gate }: LiveGate): boolean {
  return gate.kind === "interactive_review" || slotsOf(gate).some(({ status }) => status === "pending");
}

/** The gates as people are shown them: a child's gate whose files another gate lists is not shown a second time. */
export function shownGates(gates: readonly LiveGate[]): LiveGate[] {
  const listed = new Map<string, Set<string>>();
  for (const { children } of gates)
    for (const [source, child] of children ?? [])
      if (child) listed.set(child.gate.token, (listed.get(child.gate.token) ?? new Set()).add(source));
  return gates.filter(({ gate }) => {
    const sources = listed.get(gate.token);
    const pending = slotsOf(gate).filter(({ status }) => status === "pending");
    return sources === undefined || !pending.every(({ source }) => sources.has(source) || namesNone(gate));
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
