/**
 * Runs inside the workflow V8 context, before anything else of the prelude: makes the context's globals deterministic,
 * as the SDK's own bundles do.
 */

// The worker interface must be evaluated before the override: it keeps the real Date and Math.random.
import "@temporalio/workflow/lib/worker-interface.js";
import { CancellationScope, sleep } from "@temporalio/workflow";
import { SdkFlags } from "@temporalio/workflow/lib/flags.js";
import { getActivator } from "@temporalio/workflow/lib/global-attributes.js";
import { overrideGlobals } from "@temporalio/workflow/lib/global-overrides.js";
import { untrackPromise } from "@temporalio/workflow/lib/stack-helpers.js";

type Callback = (...args: unknown[]) => void;

overrideGlobals();

const sdkSetTimeout: unknown = globalThis.setTimeout;
const sdkClearTimeout: unknown = globalThis.clearTimeout;

/**
 * Cancellable timers of each execution, by timer number. The SDK keeps one map for the whole V8 context, in which timer 1
 * of one execution and timer 1 of another are the same entry: `clearTimeout` would then cancel a stranger's timer.
 */
const scopesByExecution = new WeakMap<object, Map<number, CancellationScope>>();

function timersOf(execution: object): Map<number, CancellationScope> {
  const known = scopesByExecution.get(execution);
  if (known !== undefined) return known;
  const created = new Map<number, CancellationScope>();
  scopesByExecution.set(execution, created);
  return created;
}

function callSdk(fn: unknown, args: unknown[]): unknown {
  return typeof fn === "function" ? Reflect.apply(fn, globalThis, args) : undefined;
}

function setWorkflowTimeout(callback: Callback, ms?: number, ...args: unknown[]): unknown {
  const activator = getActivator();
  if (!activator.hasFlag(SdkFlags.NonCancellableScopesAreShieldedFromPropagation)) {
    return callSdk(sdkSetTimeout, [callback, ms, ...args]);
  }
  const timers = timersOf(activator);
  const seq = activator.nextSeqs.timer;
  const scope = new CancellationScope({ cancellable: true });
  const slept = scope.run(() => sleep(Math.max(1, ms ?? 1)));
  slept.then(
    () => {
      timers.delete(seq);
      callback(...args);
    },
    () => {
      timers.delete(seq);
    },
  );
  untrackPromise(slept);
  timers.set(seq, scope);
  return seq;
}

function clearWorkflowTimeout(handle?: number): void {
  const timers = timersOf(getActivator());
  const scope = handle === undefined ? undefined : timers.get(handle);
  if (handle === undefined || scope === undefined) {
    callSdk(sdkClearTimeout, [handle]);
    return;
  }
  timers.delete(handle);
  scope.cancel();
}

Object.assign(globalThis, { setTimeout: setWorkflowTimeout, clearTimeout: clearWorkflowTimeout });
