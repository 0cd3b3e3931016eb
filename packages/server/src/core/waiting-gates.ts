import type { GateSummary } from "@ntro/contract";
import type { HeardState } from "./project-state";

/**
 * The gates of a task that somebody can answer, as rows show them. A list of files that children take names those still to come, each shown once: a file that its child works on
 * is waited for no more, though the list itself cannot tell. What is asked live (child-slots.ts) goes by the payload; rows go by the children's ids.
 * @param running what was heard of the task and its running children, the task first
 */
export function waitingGates(running: readonly HeardState[]): GateSummary[] {
  const shown = new Set<GateSummary>();
  const kept = running.flatMap((state) =>
    state.gates.flatMap((gate) => {
      if (gate.kind !== "submit_files" || gate.sources === undefined) return [gate];
      const sources = gate.sources.filter((source) => {
        const child = childTaking(state, gate, source, running);
        const asking = child?.gates.find((own) => asksFor(own, source));
        if (asking) shown.add(asking);
        return asking !== undefined || child === undefined || !isUnderWay(child);
      });
      return sources.length > 0 ? [{ ...gate, sources }] : [];
    }),
  );
  return kept.filter((gate) => !shown.has(gate));
}

/** What was heard of the child that a step started for one of the files it lists; ids of such children end in the source. */
function childTaking(
  { children }: HeardState,
  gate: GateSummary,
  source: string,
  running: readonly HeardState[],
): HeardState | undefined {
  const child = children.find(
    ({ workflow_id, step_id, slug, status }) =>
      step_id === gate.step_id && status === "running" && workflow_id.endsWith(`:${slug}:${source}`),
  );
  return running.find(({ workflowId, seq }) => workflowId === child?.workflow_id && seq >= 0);
}

function asksFor(gate: GateSummary, source: string): boolean {
  return gate.kind !== "interactive_review" && (gate.sources === undefined || gate.sources.includes(source));
}

function isUnderWay({ steps }: HeardState): boolean {
  return steps.length === 0 || steps.some(({ status }) => status === "completed" || status === "failed");
}
