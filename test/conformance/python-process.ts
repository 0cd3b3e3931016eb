import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { FromHost, type HostSettings, type ToHost } from "../../packages/worker/src/host-messages";
import { testPython } from "../support/python";

/** Where the package `ntro_host` lies. */
const PYTHON = fileURLToPath(new URL("../../python", import.meta.url));

/** As long as a supervisor waits for a host that is to end. */
const DRAIN_MS = 40_000;

/** A Python host in a process of its own, spoken to as its supervisor does. */
export class PythonProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting = new Set<(message: FromHost) => void>();
  readonly #exited: Promise<number | null>;
  #stderr = "";

  private constructor() {
    this.#child = spawn(testPython(), ["-m", "ntro_host"], {
      env: { PATH: process.env.PATH, HOME: process.env.HOME, PYTHONPATH: PYTHON, PYTHONFAULTHANDLER: "1" },
    });
    this.#exited = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-20_000);
    });
    createInterface(this.#child.stdout).on("line", (line) => {
      const message = FromHost.parse(JSON.parse(line));
      for (const look of [...this.#waiting]) look(message);
    });
  }

  /** Starts one and waits until it serves. @throws what it said on stderr when it ended instead */
  static async start(settings: HostSettings): Promise<PythonProcess> {
    const host = new PythonProcess();
    const running = host.#told((message) => message.type === "running");
    host.#send({ type: "start", settings });
    try {
      await running;
    } catch (error) {
      host.#child.kill("SIGKILL");
      throw error;
    }
    return host;
  }

  /** Has it make a deployment ready; ends when it has said how that went. */
  async prepare(deploymentId: string, revision: Extract<ToHost, { type: "prepare" }>["revision"]): Promise<void> {
    const prepared = this.#told((message) => message.type === "prepared" && message.deploymentId === deploymentId);
    this.#send({ type: "prepare", deploymentId, revision, dryRun: false });
    await prepared;
  }

  /** Lets it finish and end. @throws when it takes longer than a supervisor waits, or ends as a process does that has failed */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null) this.#send({ type: "drain" });
    // Not SIGKILL: with Python's fault handler it says where each thread was.
    const late = setTimeout(() => this.#child.kill("SIGABRT"), DRAIN_MS);
    const code = await this.#exited;
    clearTimeout(late);
    if (code !== 0) throw new Error(`The Python host ended with ${code}:\n${this.#stderr}`);
  }

  /** Resolves when it says what fits; rejects when it ends before. */
  async #told(fits: (message: FromHost) => boolean): Promise<void> {
    const told = new Promise<void>((resolve) => {
      const look = (message: FromHost) => {
        if (!fits(message)) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
    });
    const ended = this.#exited.then((code) => {
      throw new Error(`The Python host ended with ${code}:\n${this.#stderr}`);
    });
    await Promise.race([told, ended]);
  }

  #send(message: ToHost): void {
    this.#child.stdin.write(`${JSON.stringify(message)}\n`);
  }
}
