import type { NtroClient } from "@ntro/contract";

/** Tells when tasks end, as anybody who reads the platform's event stream is told. */
export class TaskEndings {
  readonly #ended = new Map<string, string>();
  readonly #waiting = new Map<string, () => void>();
  readonly #stop = new AbortController();
  #reading: Promise<void> | undefined;
  #broken: Error | undefined;

  /** Resolves once the stream is open: nothing that ends later is missed. */
  static async open(api: NtroClient, tenantId: string): Promise<TaskEndings> {
    const endings = new TaskEndings();
    await new Promise<void>((resolve, reject) => {
      endings.#reading = endings.#read(api, tenantId, resolve);
      endings.#reading.catch(reject);
    });
    return endings;
  }

  /** Resolves when the task has completed. @throws when it failed or the stream broke */
  async completed(taskId: string): Promise<void> {
    if (!this.#ended.has(taskId)) await new Promise<void>((resolve) => this.#waiting.set(taskId, resolve));
    if (this.#broken) throw this.#broken;
    const type = this.#ended.get(taskId);
    this.#ended.delete(taskId);
    if (type !== "task.completed") throw new Error(`The task ${taskId} ended with ${type}.`);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#reading?.catch(() => undefined);
  }

  async #read(api: NtroClient, tenantId: string, opened: () => void): Promise<void> {
    try {
      for await (const { type, taskId } of api.events({ tenant: tenantId }, { signal: this.#stop.signal, opened })) {
        if (taskId === null || (type !== "task.completed" && type !== "task.failed")) continue;
        this.#ended.set(taskId, type);
        this.#waiting.get(taskId)?.();
        this.#waiting.delete(taskId);
      }
      throw new Error("The event stream ended.");
    } catch (error) {
      this.#broken = error instanceof Error ? error : new Error(String(error));
      for (const wake of this.#waiting.values()) wake();
      if (!this.#stop.signal.aborted) throw error;
    }
  }
}
