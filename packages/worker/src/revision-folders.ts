import { type Dirent, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { HeldRevisions, NtroClient } from "@ntro/contract";
import type { Logger } from "pino";

/** Where below a tenant's folder dry runs are prepared, each in a folder of its own; no slug looks like it. */
export const TRIES = ".tries";

/** How many revisions the server is asked about at once. */
const BATCH = 1000;

type Held = HeldRevisions["revisions"];

/** The revisions on this machine's disk, `<workflows>/<tenant>/<slug>/<version>/<digest>`: those that were pruned are removed. */
export class RevisionFolders {
  /** Of the last pruning whose folders are gone; undefined before the first look. */
  #done: string | null | undefined;

  constructor(
    private readonly workflows: string,
    private readonly client: NtroClient,
    private readonly log: Logger,
  ) {}

  /**
   * Removes the folders of pruned revisions where something was pruned since the last call, also while this machine was away. What is being made ready again
   * stays. Tried again with the next call when it fails.
   * @param prunedAt when a revision was last pruned, as the server says
   */
  async removePruned(prunedAt: string | null): Promise<void> {
    if (this.#done === undefined) this.#removeTries();
    if (prunedAt === (this.#done ?? null)) {
      this.#done = prunedAt;
      return;
    }
    const held = this.#list();
    for (let from = 0; from < held.length; from += BATCH) {
      const revisions = held.slice(from, from + BATCH);
      const pruned = await this.client.call("worker.prunedRevisions", { body: { revisions } });
      for (const { tenant, slug, version, digest } of pruned.revisions)
        rmSync(join(this.workflows, tenant, slug, version, digest), { recursive: true, force: true });
      if (pruned.revisions.length > 0) this.log.info({ count: pruned.revisions.length }, "removed pruned revisions");
    }
    this.#done = prunedAt;
  }

  /** What dry runs have left behind that were cut off. */
  #removeTries(): void {
    for (const tenant of folders(this.workflows))
      rmSync(join(this.workflows, tenant, TRIES), { recursive: true, force: true });
  }

  #list(): Held {
    return folders(this.workflows).flatMap((tenant) =>
      folders(this.workflows, tenant).flatMap((slug) =>
        folders(this.workflows, tenant, slug).flatMap((version) =>
          folders(this.workflows, tenant, slug, version).map((digest) => ({ tenant, slug, version, digest })),
        ),
      ),
    );
  }
}

/** Names of the folders in a folder, without those that begin with a dot; none when it is not there. */
function folders(...path: readonly string[]): string[] {
  let entries: Dirent[];
  try {
    entries = readdirSync(join(...path), { withFileTypes: true });
  } catch {
    return [];
  }
  return entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith(".")).map(({ name }) => name);
}
