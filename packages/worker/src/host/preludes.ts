import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { NtroClient } from "@ntro/contract";
import { PRELUDE_DIR } from "../installation";
import type { Prelude } from "./mux";

/** The preludes of this host: the installation's own, and older ones that revisions were built with. */
export class Preludes {
  readonly #loaded = new Map<string, Promise<Prelude>>();
  #current: Promise<Prelude> | undefined;
  /** Digests of preludes that this process has put on the server. */
  readonly #published = new Set<string>();

  /** @param cache folder for preludes fetched from the server */
  constructor(
    private readonly client: NtroClient,
    private readonly cache: string,
  ) {}

  /** The prelude that new revisions are built with; it lies in this installation. Always the same object: every revision holds on to its prelude. */
  current(): Promise<Prelude> {
    if (this.#current) return this.#current;
    const reading = this.#readCurrent();
    this.#current = reading;
    reading.catch(() => {
      this.#current = undefined;
    });
    return reading;
  }

  async #readCurrent(): Promise<Prelude> {
    const [code, digest] = await Promise.all([
      readFile(join(PRELUDE_DIR, "prelude.js"), "utf8"),
      readFile(join(PRELUDE_DIR, "prelude.digest"), "utf8"),
    ]);
    const prelude = { code, digest: digest.trim() };
    this.#loaded.set(prelude.digest, Promise.resolve(prelude));
    return prelude;
  }

  /** The prelude of this digest: this installation's, else from disk, else from the server. */
  get(digest: string): Promise<Prelude> {
    const known = this.#loaded.get(digest);
    if (known) return known;
    const loading = this.#load(digest);
    this.#loaded.set(digest, loading);
    loading.catch(() => this.#loaded.delete(digest));
    return loading;
  }

  /** Keeps the current prelude on the server, so that hosts of a later version can still run what was built with it. */
  async publish(prelude: Prelude): Promise<void> {
    // Half a megabyte, and the server never forgets one.
    if (this.#published.has(prelude.digest)) return;
    await this.client.call("worker.putPrelude", { params: { digest: prelude.digest }, body: { code: prelude.code } });
    this.#published.add(prelude.digest);
  }

  async #load(digest: string): Promise<Prelude> {
    const path = join(this.cache, `${digest}.js`);
    const onDisk = await readFile(path, "utf8").catch(() => undefined);
    if (onDisk !== undefined) return { digest, code: onDisk };
    const { code } = await this.client.call("worker.getPrelude", { params: { digest } });
    await mkdir(this.cache, { recursive: true });
    const beside = `${path}.${randomUUID()}`;
    await writeFile(beside, code);
    await rename(beside, path);
    return { digest, code };
  }
}
