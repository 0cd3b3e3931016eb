import { existsSync } from "node:fs";
import type { DeploymentReport, Fault, NtroClient, PythonEnvironment } from "@ntro/contract";
import type { Logger } from "pino";
import type { PythonEnvironments, ReadyEnvironment } from "./environments";
import { isProgram } from "./interpreter";
import { PythonFault } from "./python-fault";

/** What was made faster is not worth telling. */
const TOLD_SECONDS = 0.1;
/** The server takes a deployment that nothing is heard of for abandoned. */
const STILL_AT_IT_MS = 60_000;
/** Until an environment that could not be made is tried again for tasks that are open; a deployment is never kept waiting. */
const RETRY_MS = 30_000;

type State =
  | { readonly status: "making"; readonly waiting: Set<string>; readonly done: Promise<void> }
  | { readonly status: "ready"; readonly environment: ReadyEnvironment }
  | { readonly status: "failed"; readonly until: number; readonly told: ReadonlySet<string> };

/**
 * Where the supervisor's rounds ask for environments: the answer is there at once, and what has to be made is made beside. Deployments that wait for it are told
 * how long it took, or why it failed.
 */
export class EnvironmentDesk {
  readonly #states = new Map<string, State>();
  readonly #stop = new AbortController();

  /** @param changed called when an environment is there or has failed */
  constructor(
    private readonly environments: PythonEnvironments,
    private readonly client: Pick<NtroClient, "call">,
    private readonly log: Logger,
    private readonly changed: () => void,
  ) {}

  /**
   * The environment if it is there; sees to it that it is made where it is not.
   * @param deployments ids of those that wait for it
   */
  take(wanted: PythonEnvironment, deployments: readonly string[]): ReadyEnvironment | undefined {
    const state = this.#states.get(wanted.name);
    if (state?.status === "ready" && isThere(state.environment)) return state.environment;
    if (state?.status === "making") for (const id of deployments) state.waiting.add(id);
    else if (!this.#stop.signal.aborted && (state?.status !== "failed" || mayTry(state, deployments)))
      this.#make(wanted, new Set(deployments));
    return undefined;
  }

  /** Ends what is being made. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all([...this.#states.values()].flatMap((state) => (state.status === "making" ? [state.done] : [])));
  }

  #make(wanted: PythonEnvironment, waiting: Set<string>): void {
    const begun = performance.now();
    const seconds = () => (performance.now() - begun) / 1000;
    const progress = () => this.#tell(waiting, { status: "progress", stage: "environment", seconds: seconds() });
    const stillAtIt = setInterval(() => void progress(), STILL_AT_IT_MS);
    const make = async (): Promise<State> => {
      try {
        const environment = await this.environments.ready(wanted, this.#stop.signal);
        if (seconds() > TOLD_SECONDS) await progress();
        return { status: "ready", environment };
      } catch (error) {
        const stopped = this.#stop.signal.aborted;
        const told = stopped ? new Set<string>() : await this.#tell(waiting, this.#failure(wanted, error));
        return { status: "failed", until: Date.now() + RETRY_MS, told };
      } finally {
        clearInterval(stillAtIt);
      }
    };
    const done = make().then((state) => {
      this.#states.set(wanted.name, state);
      this.changed();
    });
    this.#states.set(wanted.name, { status: "making", waiting, done });
  }

  #failure({ name }: PythonEnvironment, error: unknown): DeploymentReport {
    const fault = error instanceof PythonFault ? error.fault : this.#unexpected(error);
    this.log.warn({ environment: name, fault: fault.code, message: fault.message }, "no Python environment");
    return { status: "failed", faults: [fault] };
  }

  #unexpected(error: unknown): Fault {
    this.log.error(
      { error: error instanceof Error ? (error.stack ?? error.message) : String(error) },
      "making a Python environment failed",
    );
    const reason = error instanceof Error && "code" in error ? String(error.code) : "the worker's log says why";
    return {
      code: "PYTHON_MISSING",
      message: `The Python environment could not be made on the worker's machine (${reason}).`,
      path: "",
      hint: "Is there space, and may the worker write to its data folder?",
    };
  }

  /** Gives those that were told. */
  async #tell(deployments: ReadonlySet<string>, body: DeploymentReport): Promise<ReadonlySet<string>> {
    const told = new Set<string>();
    for (const id of deployments) {
      try {
        await this.client.call("worker.reportDeployment", { params: { id }, body });
        told.add(id);
      } catch (error) {
        this.log.warn({ error: String(error) }, "could not report a deployment");
      }
    }
    return told;
  }
}

function mayTry({ until, told }: Extract<State, { status: "failed" }>, deployments: readonly string[]): boolean {
  return Date.now() >= until || deployments.some((id) => !told.has(id));
}

/** Somebody may have removed it while we ran. */
function isThere({ python, site }: ReadyEnvironment): boolean {
  return isProgram(python) && (site === null || existsSync(site));
}
