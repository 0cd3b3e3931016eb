import type { Logger } from "pino";
import type { HostChannel } from "./host-channel";
import { FromHost, type HostSettings, type RevisionKey } from "./host-messages";

/** Longest time a host may take to drain; then it is ended. What it was doing is done again elsewhere. */
const DRAIN_MS = 40_000;

/** A host that says nothing for so long is in an endless loop of an activity: nothing of its tenant goes on until it is ended. */
const SILENCE_MS = 60_000;

/** A running host as the supervisor sees it, whatever language it serves. */
export class HostProcess {
  readonly #preparing = new Set<string>();
  #draining = false;
  /** Resolves when the process has ended, with what ended it; both null when it could not be started. */
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;

  constructor(
    private readonly channel: HostChannel,
    settings: HostSettings,
    private readonly log: Logger,
    onPrepared: (deploymentId: string) => void,
  ) {
    const { child } = channel;
    this.exited = new Promise((resolve) => {
      child.once("exit", (code, signal) => resolve({ code, signal }));
      child.on("error", (error) => {
        this.log.error({ error: error.message }, "a host could not be started");
        if (child.pid === undefined) resolve({ code: null, signal: null });
      });
    });
    const heard = this.#endWhenSilent();
    channel.listen((raw) => {
      const { success, data: message } = FromHost.safeParse(raw);
      if (!success) return this.log.warn({ pid: this.pid }, "a host said what is no message");
      heard();
      if (message.type !== "prepared") return;
      this.#preparing.delete(message.deploymentId);
      onPrepared(message.deploymentId);
    });
    channel.send({ type: "start", settings });
  }

  get pid(): number | undefined {
    return this.channel.child.pid;
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
    this.channel.send({ type: "prepare", deploymentId, revision });
  }

  /** Lets it finish and end; ends it when it takes too long. */
  async drain(): Promise<void> {
    if (!this.#draining) {
      this.#draining = true;
      this.channel.send({ type: "drain" });
    }
    const late = setTimeout(() => this.channel.child.kill("SIGKILL"), DRAIN_MS);
    await this.exited;
    clearTimeout(late);
  }

  /** Gives what is called whenever the host was heard of. */
  #endWhenSilent(): () => void {
    const silence = setTimeout(() => {
      this.log.error({ pid: this.pid, seconds: SILENCE_MS / 1000 }, "a host has not answered for long and is ended");
      this.channel.child.kill("SIGKILL");
    }, SILENCE_MS).unref();
    void this.exited.then(() => clearTimeout(silence));
    return () => silence.refresh();
  }
}
