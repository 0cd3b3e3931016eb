import type { DeployAnswer, Described, Fault, NtroClient } from "@ntro/contract";
import { smallBundle } from "./bundle";
import type { ScriptedPlatform } from "./scripted-platform";

/** What a bundle turns out to be once it is loaded: it takes a period and whatever a test puts beside it. */
const LOADED: Described = {
  steps: [{ id: "only", title: "The only step" }],
  inputSchema: {
    type: "object",
    properties: { period: { type: "string" } },
    required: ["period"],
    additionalProperties: {},
  },
  children: [],
  activities: [],
};

/** How a test deploys. */
export interface HandDeploy {
  readonly salt?: string;
  readonly pin?: boolean;
  readonly described?: Partial<Described>;
}

/** Deploys bundles to tenant `acme` and reports on them as a host would, by hand. */
export class HandHost {
  constructor(private readonly platform: ScriptedPlatform) {}

  get #worker(): NtroClient {
    return this.platform.server.client(this.platform.server.keys.worker);
  }

  /** Uploads a version and leaves it pending, unless it is ready at once. */
  async upload(
    slug: string,
    version: string,
    { salt = "", pin = false }: HandDeploy = {},
  ): Promise<DeployAnswer["deployment"]> {
    const body = { tenantSlug: "acme", version, files: smallBundle(slug, version, salt), pin };
    return (await this.platform.client.call("runbooks.deploy", { params: { slug }, query: { wait: 0 }, body }))
      .deployment;
  }

  /** The host has loaded it. */
  async ready(id: string, described: Partial<Described> = {}): Promise<void> {
    const body = { status: "ready" as const, described: { ...LOADED, ...described } };
    await this.#worker.call("worker.reportDeployment", { params: { id }, body });
  }

  /** The host has found faults. */
  async faulty(id: string, faults: readonly Fault[]): Promise<void> {
    await this.#worker.call("worker.reportDeployment", {
      params: { id },
      body: { status: "failed", faults: [...faults] },
    });
  }

  /** Uploads a version and has it made ready; gives its digest. */
  async deploy(slug: string, version: string, options: HandDeploy = {}): Promise<string> {
    const { id, digest } = await this.upload(slug, version, options);
    await this.ready(id, options.described);
    return digest;
  }

  /** Answers for the next deployment of a runbook, as soon as it is asked for. */
  async next(slug: string, answer: (id: string) => Promise<void>): Promise<void> {
    const abort = new AbortController();
    const events = this.platform.client.events({ tenant: "acme", after: "0" }, { signal: abort.signal });
    for await (const event of events) {
      if (event.type !== "deployment.progress" || event.data.slug !== slug || event.deploymentId === null) continue;
      const { deploymentId: id } = event;
      if ((await this.platform.client.call("deployments.get", { params: { id } })).status !== "pending") continue;
      await answer(id);
      break;
    }
    abort.abort();
  }
}
