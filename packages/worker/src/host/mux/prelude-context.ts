/**
 * The only file of the workflow thread that knows the SDK's VM internals (`@temporalio/worker` 1.24.0,
 * `lib/workflow/reusable-vm.js` and `vm-shared.js`); the main thread's counterpart is `sdk-worker.ts`.
 */
import vm from "node:vm";
import { coresdk } from "@temporalio/proto";
import { ReusableVMWorkflowCreator } from "@temporalio/worker/lib/workflow/reusable-vm.js";
import { globalHandlers } from "@temporalio/worker/lib/workflow/vm-shared.js";
import type { SinkCall } from "@temporalio/workflow";
import type { WorkflowCreateOptions } from "@temporalio/workflow/lib/interfaces.js";
import type { Activation, ActivationCompletion } from "./protocol";
import { type Prelude, preludeFileName, workflowFileName } from "./revision";

/** A revision's compiled module: a function of (module, exports, require), bound to one context. */
export type CompiledRevision = (module: unknown, exports: unknown, require: unknown) => void;

/** What a context needs to know of its worker. */
export interface ContextSettings {
  readonly executionTimeoutMs: number;
  readonly activityNames: ReadonlySet<string>;
  readonly stacks: boolean;
}

/** A workflow execution living in a {@link PreludeContext}. */
export interface HostedWorkflow {
  /** Whether author code hit the execution time limit since the last call of this function. */
  takeTimedOut(): boolean;
  activate(activation: Activation): Promise<ActivationCompletion>;
  /** Stacks of what the execution waits for, oldest first; empty unless {@link ContextSettings.stacks}. */
  stacks(): string[];
  /** Sink calls made since the last call of this function. */
  takeSinkCalls(): Promise<SinkCall[]>;
  dispose(): Promise<void>;
}

type SdkBundle = ConstructorParameters<typeof ReusableVMWorkflowCreator>[1];
type SdkWorkflow = Awaited<ReturnType<ReusableVMWorkflowCreator["createWorkflow"]>>;

/** Frames of a stack that shows where code stands; the 10 of V8 end within the SDK. */
const DEEPEST_STACK = 60;
const NO_SOURCE_MAP = { version: 3, sources: [], names: [], mappings: "" };
const API_FUNCTIONS = [
  "initRuntime",
  "initialize",
  "activate",
  "concludeActivation",
  "tryUnblockConditions",
  "dispose",
];

/** @returns whether an error is V8's "script execution timed out" */
export function isTimeout(error: unknown): boolean {
  // Made inside the workflow's context, so not an instance of this realm's Error.
  const { code } = Object(error) as { code?: unknown };
  return code === "ERR_SCRIPT_EXECUTION_TIMEOUT";
}

/** One V8 context made from a prelude, in which the executions of all revisions built with that prelude run. */
export class PreludeContext extends ReusableVMWorkflowCreator {
  private nextFactory: CompiledRevision | undefined;

  /**
   * @param prelude the script to evaluate
   * @param settings of the worker
   * @returns a context in which the prelude was evaluated
   * @throws when the script is not a prelude this SDK version can drive
   */
  static open(prelude: Prelude, settings: ContextSettings): PreludeContext {
    installGlobalHandlers(settings.stacks);
    const filename = preludeFileName(prelude.digest);
    const script = new vm.Script(prelude.code, { filename });
    const sourceMap = NO_SOURCE_MAP as unknown as SdkBundle["sourceMap"];
    const context = new PreludeContext(
      script,
      { code: "", sourceMap, filename },
      settings.executionTimeoutMs,
      new Set(settings.activityNames),
    );
    context.assertShape();
    if (settings.stacks) vm.runInContext(`Error.stackTraceLimit = ${DEEPEST_STACK}`, context.context);
    return context;
  }

  /** Called by the SDK's constructor, before fields are set: leaves the door by which `importWorkflows` gets its module. */
  protected override injectGlobals(context: vm.Context): void {
    super.injectGlobals(context);
    const takeFactory = (): CompiledRevision => {
      if (this.nextFactory === undefined) throw new Error("No workflow is being created in this context.");
      return this.nextFactory;
    };
    // Not configurable: the SDK deletes configurable globals that are not part of an execution's own.
    Object.defineProperty(context, "__ntro_factory__", { value: takeFactory, writable: false, configurable: false });
  }

  private assertShape(): void {
    const missing: unknown = vm.runInContext(
      `${JSON.stringify(API_FUNCTIONS)}.filter((name) => typeof __TEMPORAL__?.api?.[name] !== "function").join(", ")`,
      this.context,
    );
    if (missing !== "") throw new Error(`The prelude does not fit this worker: __TEMPORAL__.api lacks ${missing}.`);
  }

  /**
   * Compiles a revision's module for this context, once for all its executions.
   *
   * @param type workflow type, which names the file in stack traces
   * @param text CommonJS module text
   * @throws SyntaxError when the text is not JavaScript
   */
  compile(type: string, text: string): CompiledRevision {
    // The wrapper's head is line 0, so that line numbers are those of the text.
    const script = new vm.Script(`(function (module, exports, require) {"use strict";\n${text}\n})`, {
      filename: workflowFileName(type),
      lineOffset: -1,
    });
    const compiled: unknown = script.runInContext(this.context);
    if (typeof compiled !== "function") throw new TypeError(`The module text of ${type} closes the module function.`);
    return Object.freeze(compiled) as CompiledRevision;
  }

  /**
   * Creates an execution: evaluates the author's module in globals of its own.
   *
   * @param factory from {@link compile} of this context
   * @param options as the SDK gave them
   * @throws (as a rejection) what the author's module throws, or V8's timeout
   */
  start(factory: CompiledRevision, options: WorkflowCreateOptions): Promise<HostedWorkflow> {
    this.nextFactory = factory;
    // Runs to its end before it returns its promise, so that nobody else's factory can slip in.
    const created = super.createWorkflow(options);
    this.nextFactory = undefined;
    return created.then(host, (error: unknown) => {
      undecorate(error);
      throw error;
    });
  }
}

/**
 * The SDK's stack traces of errors. Its traces of promises cost half of an activation's time and serve only the query `__stack_trace`, which is empty here
 * (`ntro_state` says what an execution waits for); a replay that is to find where code stands asks for them.
 */
function installGlobalHandlers(promiseStacks: boolean): void {
  globalHandlers.install();
  if (promiseStacks) return;
  const stop: unknown = Reflect.get(globalHandlers, "stopPromiseHook");
  if (typeof stop !== "function") throw new Error("The SDK's global handlers have no stopPromiseHook.");
  stop();
}

/**
 * Takes off what Node.js puts in front of the stack of an error that leaves a VM: the place of the throw and its source
 * line, which in a prelude is most of the script, and at which the SDK would cut the stack off.
 */
function undecorate(error: unknown): void {
  const { stack } = Object(error) as { stack?: unknown };
  if (typeof stack !== "string") return;
  const start = stack.indexOf(String(error));
  if (start > 0) Object.assign(Object(error), { stack: stack.slice(start) });
}

/** Wraps an SDK workflow so that timeouts are seen, which the SDK folds into ordinary failures, and stacks stay readable. */
function host(workflow: SdkWorkflow): HostedWorkflow {
  let timedOut = false;
  if (!("workflowModule" in workflow)) throw new Error("The SDK's workflow object has no workflowModule.");
  const inner = workflow.workflowModule as Record<string, (...args: unknown[]) => unknown>;
  const watched = new Proxy(inner, {
    get:
      (target, name) =>
      (...args: unknown[]): unknown => {
        try {
          return target[String(name)]?.(...args);
        } catch (error) {
          timedOut ||= isTimeout(error);
          undecorate(error);
          throw error;
        }
      },
  });
  Object.assign(workflow, { workflowModule: watched });
  return {
    takeTimedOut: () => {
      const result = timedOut;
      timedOut = false;
      return result;
    },
    activate: (activation) => workflow.activate(coresdk.workflow_activation.WorkflowActivation.fromObject(activation)),
    stacks: () => stacksOf(workflow),
    takeSinkCalls: () => workflow.getAndResetSinkCalls(),
    dispose: () => workflow.dispose(),
  };
}

/** What the SDK would answer the query `__stack_trace` with. */
function stacksOf(workflow: SdkWorkflow): string[] {
  if (!("activator" in workflow)) return [];
  const { activator } = workflow as { activator: { getStackTraces(): { formatted: string }[] } };
  return activator.getStackTraces().map(({ formatted }) => formatted);
}
