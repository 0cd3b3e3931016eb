import { existsSync } from "node:fs";
import { join } from "node:path";
import { type NtroClient, parseWorkflowType, workflowType } from "@ntro/contract";
import type { HostSettings, RevisionKey } from "../host-messages";
import { type ActivityModule, loadActivities } from "./activity-module";
import { BUILT, readBuilt } from "./compile";
import { install, revisionDir } from "./install";
import type { Revision } from "./mux";
import type { Preludes } from "./preludes";

/** A revision ready to run: its workflow code for the threads, its activities for this process. */
export interface LoadedRevision {
  readonly key: RevisionKey;
  /** Where it is installed. */
  readonly dir: string;
  readonly revision: Revision;
  readonly activities: ActivityModule;
}

/**
 * The revisions of one tenant by workflow type, loaded when first asked for. What the disk lacks is fetched from the server and installed, so any
 * host of the tenant can wake any task.
 */
export class Revisions {
  readonly #loaded = new Map<string, Promise<LoadedRevision>>();

  constructor(
    private readonly settings: HostSettings,
    private readonly client: NtroClient,
    private readonly preludes: Preludes,
  ) {}

  /** @throws NtroError when the server knows no such type or cannot be reached, BundleFaulty when it does not build */
  load(workflowType: string): Promise<LoadedRevision> {
    return this.#once(workflowType, async () => this.#load(workflowType, await this.#find(workflowType)));
  }

  /** The same for a revision that {@link install} has just put on disk: the server is not asked again. */
  loadInstalled(key: RevisionKey): Promise<LoadedRevision> {
    const type = workflowType(key);
    return this.#once(type, () => this.#load(type, key));
  }

  #once(workflowType: string, load: () => Promise<LoadedRevision>): Promise<LoadedRevision> {
    const known = this.#loaded.get(workflowType);
    if (known) return known;
    const loading = load();
    this.#loaded.set(workflowType, loading);
    loading.catch(() => this.#loaded.delete(workflowType));
    return loading;
  }

  async #load(workflowType: string, key: RevisionKey): Promise<LoadedRevision> {
    const { tenant, workflows } = this.settings;
    const dir = revisionDir(workflows, tenant.slug, key);
    const { workflow, workflowMap, prelude } = await readBuilt(dir);
    const revision: Revision = {
      type: workflowType,
      prelude: await this.preludes.get(prelude),
      workflow,
      sourceMap: workflowMap,
    };
    return { key, dir, revision, activities: loadActivities(join(dir, BUILT.activities)) };
  }

  /** The digest is whole on the server; a type shows its beginning. */
  async #find(workflowType: string): Promise<RevisionKey> {
    if (!parseWorkflowType(workflowType)) throw new Error(`"${workflowType}" is no workflow type of ours.`);
    const { tenant, workflows } = this.settings;
    const content = await this.client.call("worker.getRevision", {
      params: { tenant: tenant.slug, type: workflowType },
    });
    const key = { slug: content.slug, version: content.version, digest: content.digest };
    const dir = revisionDir(workflows, tenant.slug, key);
    if (!existsSync(dir)) await install(dir, content, await this.preludes.current());
    return key;
  }
}
