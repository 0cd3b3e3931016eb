import { join } from "node:path";
import { type Desired, NtroClient } from "@ntro/contract";
import type { Logger } from "pino";
import { HostProcess } from "./host-process";
import type { WorkerSettings } from "./settings";

type WantedTenant = Desired["tenants"][number];
type WantedHost = WantedTenant["hosts"][number];

/** A host that dies this often while preparing a deployment is taken to be killed by it. */
const DEATHS_PER_DEPLOYMENT = 3;
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
  readonly #hosts = new Map<string, HostProcess>();
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
    for (const tenant of desired.tenants)
      for (const host of tenant.hosts) if (host.language === "typescript") this.#match(desired, tenant, host);
  }

  /** Drains every host. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await Promise.all([...this.#hosts.values()].map((host) => host.drain()));
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
    let host = this.#hosts.get(wanted.queue);
    if (!wanted.wanted && wanted.deployments.length === 0) {
      if (host && !host.draining) void host.drain();
      return;
    }
    if (host?.draining) return;
    host ??= this.#start(desired, tenant, wanted);
    for (const { id, slug, version, digest } of wanted.deployments) {
      if ((this.#deaths.get(id) ?? 0) < DEATHS_PER_DEPLOYMENT) host.prepare(id, { slug, version, digest });
    }
  }

  #start(desired: Desired, tenant: WantedTenant, wanted: WantedHost): HostProcess {
    const { workflows, storage, server } = this.settings;
    const settings = {
      tenant: { id: tenant.id, slug: tenant.slug },
      server,
      key: tenant.hostKey,
      databaseUrl: tenant.databaseUrl,
      temporal: desired.temporal,
      queue: wanted.queue,
      workflows,
      storage: join(storage, tenant.slug),
    };
    const log = this.log.child({ queue: wanted.queue });
    const host = new HostProcess(settings, log, (deploymentId) => this.#deaths.delete(deploymentId));
    this.#hosts.set(wanted.queue, host);
    log.info({ pid: host.pid }, "host started");
    void host.exited.then((exit) => this.#ended(wanted.queue, host, exit));
    return host;
  }

  #ended(queue: string, host: HostProcess, exit: { code: number | null; signal: string | null }): void {
    this.#hosts.delete(queue);
    this.log.info({ queue, ...exit }, host.draining ? "host drained" : "host ended");
    if (this.#stopped) return;
    for (const id of host.preparing) void this.#blame(id, exit);
    this.#later(host.draining ? 0 : AGAIN_MS);
  }

  /** A deployment under whose preparation hosts keep dying is failed, so that it does not take the tenant's other work down with it. */
  async #blame(deploymentId: string, exit: { code: number | null; signal: string | null }): Promise<void> {
    const deaths = (this.#deaths.get(deploymentId) ?? 0) + 1;
    this.#deaths.set(deploymentId, deaths);
    if (deaths < DEATHS_PER_DEPLOYMENT) return;
    const message = `The host ended ${deaths} times while it loaded the bundle (${exit.signal ? `signal ${exit.signal}` : `exit code ${exit.code}`}).`;
    const hint = "Does top-level code of templates/activities.ts end the process or use up its memory?";
    const faults = [{ code: "RUNBOOK_LOAD_ERROR" as const, path: "templates/activities.ts", message, hint }];
    await this.#client
      .call("worker.reportDeployment", { params: { id: deploymentId }, body: { status: "failed", faults } })
      .catch((error: unknown) => {
        this.log.warn({ error: String(error) }, "could not report a deployment");
      });
  }
}
