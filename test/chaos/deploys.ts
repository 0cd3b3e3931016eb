import { packFiles, readBundle } from "@ntro/bundle";
import { workflowType } from "@ntro/contract";
import { type TestCli, testCli } from "../../packages/cli/src/testing/run-in-process";
import { PLACE, type Platform } from "../system/platform";
import { LEGS, RELAYS, RelayBundles, type Slug } from "./bundles";
import { pause } from "./patience";

/** A revision whose deployment was asked for. */
interface Revision {
  readonly slug: Slug;
  readonly version: string;
  /** What its code says that it is. */
  readonly word: string;
  /** Its workflow type. */
  readonly type: string;
}

/** Deploys revision after revision on a platform, with the commands that people type, and knows what each says of itself. */
export class Deploys {
  readonly #bundles = new RelayBundles();
  readonly #cli: TestCli;
  readonly #revisions: Revision[] = [];
  /** By runbook, how many of the revisions had been asked for when the last command that succeeded began. */
  readonly #served = new Map<string, number>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(platform: Platform) {
    this.#cli = testCli({ NTRO_HOME: platform.home });
  }

  /** The first revision of everything. */
  async begin(): Promise<void> {
    const { signal } = new AbortController();
    for (const slug of [...LEGS, ...RELAYS]) await this.deploy(slug, false, signal);
  }

  /** Deploys the next revision of a runbook, after those asked for before. Throws when that fails for another reason than parts that are away. */
  deploy(slug: Slug, sameVersion: boolean, signal: AbortSignal): Promise<void> {
    const done = this.#last.then(() => this.#deploy(slug, sameVersion, signal));
    this.#last = done.catch(() => {});
    return done;
  }

  async #deploy(slug: Slug, sameVersion: boolean, signal: AbortSignal): Promise<void> {
    const before = this.#revisions.filter((revision) => revision.slug === slug).at(-1);
    const minor = Number(before?.version.split(".")[1] ?? -1);
    const version = before && sameVersion ? before.version : `1.${minor + 1}.0`;
    const word = `${slug}, revision ${this.#revisions.length}`;
    const folder = this.#bundles.write(slug, version, word);
    this.#revisions.push({ slug, version, word, type: await typeOf(folder) });
    const begun = this.#revisions.length;
    for (;;) {
      const { exit, stderr } = await this.#cli.run(["workflow", "create", "--path", folder, ...PLACE]);
      if (exit === 0) break;
      // Hosts that are killed three times over one deployment are taken to die of it: then nothing has changed.
      if (exit === 1 && stderr.includes("The host ended 3 times")) return;
      if (exit !== 4) throw new Error(`workflow create ended with ${exit}: ${stderr}`);
      await pause(150, signal, stderr);
    }
    this.#served.set(slug, begun);
  }

  /** By runbook, a mark of what a task that is started from now on may run: this revision or a later one. */
  marks(): ReadonlyMap<string, number> {
    return new Map(this.#served);
  }

  /** What the code of a type says that it is; undefined when the type was deployed before the mark of its runbook, or never. */
  wordOf(type: string, marks: ReadonlyMap<string, number>): string | undefined {
    const index = this.#revisions.findIndex((revision) => revision.type === type);
    const found = this.#revisions[index];
    return found && index + 1 >= (marks.get(found.slug) ?? 0) ? found.word : undefined;
  }

  remove(): void {
    this.#cli.remove();
    this.#bundles.remove();
  }
}

async function typeOf(folder: string): Promise<string> {
  const read = await readBundle(folder);
  if (read.status === "faulty") throw new Error(`the bundle ${folder} is faulty: ${JSON.stringify(read.faults)}`);
  const { files, manifest } = read.bundle;
  return workflowType({ ...manifest, digest: packFiles(files).digest });
}
