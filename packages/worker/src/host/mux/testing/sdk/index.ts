/** Stands for `@ntro/runbook` in the tests of the multiplexer: what they need to see the context from inside. */

let evaluations = 0;
evaluations += 1;

/** How often this module was evaluated in its context; 1 as long as it is shared. */
export function sharedEvaluations(): number {
  return evaluations;
}
