import { createHash } from "node:crypto";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { AUTHOR_VARIABLES, type Desired, type Language, NtroClient, pickVariables } from "@ntro/contract";
import type { Logger } from "pino";
import { startNodeHost, startPythonHost } from "./host-channel";
import type { HostSettings } from "./host-messages";
import { HostProcess } from "./host-process";
import { PYTHON_LOCK } from "./installation";
import { EnvironmentDesk } from "./python/environment-desk";
import { PythonEnvironments, type ReadyEnvironment } from "./python/environments";
import { RevisionFolders } from "./revision-folders";
import type { WorkerSettings } from "./settings";

type WantedTenant = Desired["tenants"][number];
type WantedHost = WantedTenant["hosts"][number];

/** A host, and what has to be the same for it to go on. */
interface RunningHost {
  readonly process: HostProcess;
  readonly language: Language;
  /** Digest of what author code finds in its environment. */
  readonly variables: string;
}

/** A host that dies this often while it prepares a deployment or replays a history is taken to be killed by that. */
const DEATHS_PER_TRIAL = 3;
/** Hosts that start at a time. Each takes a second of a processor: a hundred at once would all be late, and the first tenant served no sooner than the last. */
const STARTS_AT_ONCE = Math.max(4, availableParallelism());
/** After a host died or the server was away. */
const AGAIN_MS = 250;
/** From one round to the next: every task that starts or ends nudges, and many at once shall make few rounds. */
const PACE_MS = 50;
/** Even without a nudge; a nudge that was lost costs at most this. */
const ANYWAY_MS = 30_000;

/**
 * Makes this machine match what should run: asks the server, starts and stops hosts, hands out deployments. Start, crash recovery and deploy are this one
 * path; {@link tick} can be driven by hand.
 */
export class Supervisor {
  readonly #client: NtroClient;
  readonly #hosts = new Map<string, RunningHost>();
  readonly #environments: EnvironmentDesk;
  readonly #disk: RevisionFolders;
  readonly #deaths = new Map<string, number>();
  #ticking: Promise<void> | undefined;
  #again = false;
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly settings: WorkerSettings,
    private readonly log: Logger,
  ) {
    this.#client = new NtroClient({ host: settings.server, apiKey: settings.key });
    this.#disk = new RevisionFolders(settings.workflows, this.#client, log);
    const environments = new PythonEnvironments({
      home: settings.pythonHome,
      lock: PYTHON_LOCK,
      env: process.env,
      log: (line) => log.info({ part: "python" }, line),
    });
    this.#environments = new EnvironmentDesk(environments, this.#client, log, () => this.wake());
  }

  /** Reconciles until `signal` is aborted, whenever the server says that something changed. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        for await (const _ of this.#client.stream("worker.nudges", { signal }, () => this.wake())) this.wake();
      } catch (error) {
        if (!signal.aborted) this.log.info({ error: String(error) }, "the server is away; trying again");
      }
      if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }

  /** Reconciles soon; several calls make one round. */
  wake(): void {
    if (this.#stopped) return;
    this.#again = true;
    this.#ticking ??= this.#rounds();
  }

  /** One round. Throws when the server cannot be reached. */
  async tick(): Promise<void> {
    const desired = await this.#client.call("worker.desired", {});
    // Before anything is handed out: what is being prepared again must not lose its folder.
    await this.#disk.removePruned(desired.prunedAt);
    const wanted = new Set(desired.tenants.flatMap(({ hosts }) => hosts.map(({ queue }) => queue)));
    for (const [queue, { process }] of this.#hosts) if (!wanted.has(queue)) process.rest();
    for (const tenant of desired.tenants) for (const host of tenant.hosts) this.#match(desired, tenant, host);
  }

  /** Drains every host. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await Promise.all([...this.#hosts.values()].map((host) => host.process.drain()).concat(this.#environments.stop()));
  }

  async #rounds(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false;
      try {
        await this.tick();
        this.#later(ANYWAY_MS);
      } catch (error) {
        this.log.warn({ error: String(error) }, "could not reconcile; trying again");
        this.#later(AGAIN_MS);
      }
      await new Promise((resolve) => setTimeout(resolve, PACE_MS));
    }
    this.#ticking = undefined;
  }

  #later(milliseconds: number): void {
    clearTimeout(this.#timer);
    if (!this.#stopped) this.#timer = setTimeout(() => this.wake(), milliseconds);
  }

  #match(desired: Desired, tenant: WantedTenant, wanted: WantedHost): void {
    const running = this.#hosts.get(wanted.queue);
    if (running?.process.draining) return;
    const variables = authorVariables(tenant, wanted);
    if (running && running.variables !== digestOf(variables)) {
      // It has what it was started with for as long as it runs; the next one gets the new ones.
      void running.process.drain();
      return;
    }
    const host = running?.process ?? this.#start(desired, tenant, wanted, variables);
    if (host) this.#instruct(host, wanted);
  }

  #instruct(host: HostProcess, { repairs, deployments, replays }: WantedHost): void {
    host.tellRepairs(repairs);
    const bearable = ({ id }: { readonly id: string }) => (this.#deaths.get(id) ?? 0) < DEATHS_PER_TRIAL;
    for (const { id, slug, version, digest, dryRun } of deployments.filter(bearable))
      host.prepare(id, { slug, version, digest }, dryRun);
    for (const replay of replays.filter(bearable)) host.replay(replay);
  }

  /** Undefined where its environment is not there yet, or enough others are starting: each that runs or ends makes another round. */
  #start(
    desired: Desired,
    tenant: WantedTenant,
    wanted: WantedHost,
    variables: Record<string, string>,
  ): HostProcess | undefined {
    const { queue, language, environment } = wanted;
    const ready = environment
      ? this.#environments.take(
          environment,
          wanted.deployments.map(({ id }) => id),
        )
      : undefined;
    if (environment && !ready) return undefined;
    const starting = [...this.#hosts.values()].filter((host) => host.process.starting);
    if (starting.length >= STARTS_AT_ONCE) return undefined;
    const { workflows, storage, server } = this.settings;
    const settings: HostSettings = {
      tenant: { id: tenant.id, slug: tenant.slug },
      server,
      key: tenant.hostKey,
      databaseUrl: tenant.databaseUrl,
      temporal: desired.temporal,
      queue,
      workflows,
      storage: join(storage, tenant.slug),
      repairs: wanted.repairs,
      ...(environment && ready
        ? { python: { environment: environment.name, site: ready.site, authorKey: tenant.authorKey, variables } }
        : {}),
    };
    const log = this.log.child({ queue });
    const host = new HostProcess(startHost(ready, settings.storage), settings, log, {
      running: () => this.wake(),
      prepared: (id) => this.#deaths.delete(id),
      replayed: (id) => this.#deaths.delete(id),
    });
    this.#hosts.set(queue, { process: host, language, variables: digestOf(variables) });
    log.info({ pid: host.pid }, "host started");
    void host.exited.then((exit) => this.#ended(wanted, host, exit));
    return host;
  }

  #ended({ queue, language }: WantedHost, host: HostProcess, exit: Exit): void {
    this.#hosts.delete(queue);
    this.log.info({ queue, ...exit }, host.draining ? "host drained" : "host ended");
    if (this.#stopped) return;
    for (const id of host.preparing) void this.#blame(id, exit, () => this.#failDeployment(id, language, exit));
    for (const id of host.replaying) void this.#blame(id, exit, () => this.#failReplay(id, exit));
    this.#later(host.draining ? 0 : AGAIN_MS);
  }

  /** What hosts keep dying over is given up, so that it does not take the tenant's other work down with it. */
  async #blame(id: string, exit: Exit, giveUp: () => Promise<unknown>): Promise<void> {
    const deaths = (this.#deaths.get(id) ?? 0) + 1;
    this.#deaths.set(id, deaths);
    if (deaths < DEATHS_PER_TRIAL) return;
    await giveUp().catch((error: unknown) => {
      this.log.warn({ id, ...exit, error: String(error) }, "could not report what hosts keep dying over");
    });
  }

  #failDeployment(id: string, language: Language, exit: Exit): Promise<unknown> {
    const message = `The host ended ${DEATHS_PER_TRIAL} times while it loaded the bundle (${shown(exit)}).`;
    const path = language === "typescript" ? "templates/activities.ts" : "templates/activities.py";
    const hint = `Does top-level code of ${path}${language === "typescript" ? "" : ", or of what it imports,"} end the process or use up its memory?`;
    const faults = [{ code: "RUNBOOK_LOAD_ERROR" as const, path, message, hint }];
    return this.#client.call("worker.reportDeployment", { params: { id }, body: { status: "failed", faults } });
  }

  #failReplay(id: string, exit: Exit): Promise<unknown> {
    const message = `The host ended ${DEATHS_PER_TRIAL} times while it tried the history on this version (${shown(exit)}).`;
    return this.#client.call("worker.reportReplay", { params: { id }, body: { status: "failed", message } });
  }
}

interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

function shown({ signal, code }: Exit): string {
  return signal ? `signal ${signal}` : `exit code ${code}`;
}

function startHost(python: ReadyEnvironment | undefined, folder: string) {
  return python ? startPythonHost(python.python, folder) : startNodeHost();
}

/** What author code finds in its environment: what this worker has for it, and over that the tenant's secrets. TypeScript bundles get none. */
function authorVariables(tenant: WantedTenant, { language }: WantedHost): Record<string, string> {
  return language === "python" ? { ...pickVariables(process.env, AUTHOR_VARIABLES), ...tenant.secrets } : {};
}

function digestOf(variables: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(variables).sort(([one], [other]) => (one < other ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(sorted)).digest("hex");
}
