import { type ChildProcess, fork } from "node:child_process";
import type { Logger } from "pino";
import { FromHost, type HostSettings, type RevisionKey, type ToHost } from "./host-messages";
import { HOST_ENTRY } from "./installation";

/** Longest time a host may take to drain; then it is ended. What it was doing is done again elsewhere. */
const DRAIN_MS = 40_000;

/** A host that says nothing for so long is in an endless loop of an activity: nothing of its tenant goes on until it is ended. */
const SILENCE_MS = 60_000;

/** Variables a host may see (npm, which installs bundles' packages, needs the last ones); everything else of the supervisor's environment stays with the supervisor. */
const PASSED = [
  "PATH",
  "HOME",
  "LANG",
  "LC_ALL",
  "TZ",
  "TMPDIR",
  "NODE_EXTRA_CA_CERTS",
  "SSL_CERT_FILE",
  "HTTPS_PROXY",
  "HTTP_PROXY",
  "NO_PROXY",
  "https_proxy",
  "http_proxy",
  "no_proxy",
  "npm_config_registry",
  "npm_config_cache",
] as const;

/** A running host as the supervisor sees it. */
export class HostProcess {
  readonly #child: ChildProcess;
  readonly #preparing = new Set<string>();
  #draining = false;
  /** Resolves when the process has ended, with what ended it. */
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;

  constructor(
    settings: HostSettings,
    private readonly log: Logger,
    onPrepared: (deploymentId: string) => void,
  ) {
    const env = Object.fromEntries(
      PASSED.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
    );
    this.#child = fork(HOST_ENTRY, {
      env: { ...env, NODE_ENV: "production" },
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      serialization: "json",
    });
    this.exited = new Promise((resolve) => this.#child.once("exit", (code, signal) => resolve({ code, signal })));
    this.#child.on("error", (error) => this.log.error({ error: error.message }, "a host could not be started"));
    this.#endWhenSilent();
    this.#child.on("message", (raw) => {
      const message = FromHost.parse(raw);
      if (message.type === "prepared") {
        this.#preparing.delete(message.deploymentId);
        onPrepared(message.deploymentId);
      }
    });
    this.#send({ type: "start", settings });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** Deployments it was told to prepare and has not answered. */
  get preparing(): readonly string[] {
    return [...this.#preparing];
  }

  prepare(deploymentId: string, revision: RevisionKey): void {
    if (this.#preparing.has(deploymentId)) return;
    this.#preparing.add(deploymentId);
    this.#send({ type: "prepare", deploymentId, revision });
  }

  /** Lets it finish and end; ends it when it takes too long. */
  async drain(): Promise<void> {
    if (!this.#draining) {
      this.#draining = true;
      this.#send({ type: "drain" });
    }
    const late = setTimeout(() => this.#child.kill("SIGKILL"), DRAIN_MS);
    await this.exited;
    clearTimeout(late);
  }

  #endWhenSilent(): void {
    const silence = setTimeout(() => {
      this.log.error({ pid: this.pid, seconds: SILENCE_MS / 1000 }, "a host has not answered for long and is ended");
      this.#child.kill("SIGKILL");
    }, SILENCE_MS).unref();
    this.#child.on("message", () => silence.refresh());
    void this.exited.then(() => clearTimeout(silence));
  }

  #send(message: ToHost): void {
    if (this.#child.connected) this.#child.send(message);
  }
}
