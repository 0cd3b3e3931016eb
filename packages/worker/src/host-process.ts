import type { HostRepair, WantedReplay } from "@ntro/contract";
import type { Logger } from "pino";
import type { HostChannel } from "./host-channel";
import { FromHost, type HostSettings, type RevisionKey } from "./host-messages";

/** Longest time a host may take to drain; then it is ended. What it was doing is done again elsewhere. */
const DRAIN_MS = 40_000;

/** A host that says nothing for so long is in an endless loop of an activity: nothing of its tenant goes on until it is ended. */
const SILENCE_MS = 60_000;

/** Called when a host says that it serves, or that it is done with what it was told to do, by the id of that. */
export interface HostListener {
  running(): void;
  prepared(deploymentId: string): void;
  replayed(replayId: string): void;
}

/** A running host as the supervisor sees it, whatever language it serves. */
export class HostProcess {
  readonly #preparing = new Set<string>();
  readonly #replaying = new Set<string>();
  /** The repairs it was told last, as text. */
  #repairs: string;
  #starting = true;
  #draining = false;
  /** Resolves when the process has ended, with what ended it; both null when it could not be started. */
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;

  constructor(
    private readonly channel: HostChannel,
    settings: HostSettings,
    private readonly log: Logger,
    private readonly listener: HostListener,
  ) {
    const { child } = channel;
    this.#repairs = JSON.stringify(settings.repairs);
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
      if (message.type === "idle") void this.drain();
      this.#done(message);
    });
    channel.send({ type: "start", settings });
  }

  get pid(): number | undefined {
    return this.channel.child.pid;
  }

  /** It was started and has not said yet that it serves. */
  get starting(): boolean {
    return this.#starting;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** Deployments it was told to prepare and has not answered. */
  get preparing(): readonly string[] {
    return [...this.#preparing];
  }

  /** Replays it was told to make and has not answered. */
  get replaying(): readonly string[] {
    return [...this.#replaying];
  }

  /** @param dryRun only to see whether it could be made ready */
  prepare(deploymentId: string, revision: RevisionKey, dryRun: boolean): void {
    if (this.#preparing.has(deploymentId)) return;
    this.#preparing.add(deploymentId);
    this.channel.send({ type: "prepare", deploymentId, revision, dryRun });
  }

  replay({ id, workflowId, type }: WantedReplay): void {
    if (this.#replaying.has(id)) return;
    this.#replaying.add(id);
    this.channel.send({ type: "replay", id, workflowId, workflowType: type });
  }

  /** Tells it all repairs in force, if they are others than it was told last. */
  tellRepairs(repairs: readonly HostRepair[]): void {
    const told = JSON.stringify(repairs);
    if (told === this.#repairs) return;
    this.#repairs = told;
    this.channel.send({ type: "repairs", repairs: [...repairs] });
  }

  /** Lets it end unless an activity is under way, which may take hours while its task waits for people: then it stays, and is asked again. */
  rest(): void {
    if (!this.#draining) this.channel.send({ type: "rest" });
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

  #done(message: FromHost): void {
    if (message.type === "running") {
      this.#starting = false;
      this.listener.running();
    } else if (message.type === "prepared") {
      this.#preparing.delete(message.deploymentId);
      this.listener.prepared(message.deploymentId);
    } else if (message.type === "replayed") {
      this.#replaying.delete(message.id);
      this.listener.replayed(message.id);
    }
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
