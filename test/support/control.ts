import { fileURLToPath } from "node:url";
import { controlWorker } from "../../packages/worker/src/control";
import { quietWorkers } from "./temporal";

/** A control worker in the test's process. */
export interface TestControl {
  /** Ends it; rejects with what it failed on. */
  stop(): Promise<void>;
}

const dist = (path: string) => fileURLToPath(new URL(`../../dist/${path}`, import.meta.url));

/**
 * Serves the queue of control workflows on the programs of `dist/`.
 * @param server `http://host:port/v1`
 * @param key of role `worker`
 */
export async function startControl(server: string, key: string): Promise<TestControl> {
  quietWorkers();
  const worker = await controlWorker(
    { server, key },
    { prelude: dist("prelude"), thread: dist("workflow-thread.cjs") },
  );
  const running = worker.run();
  return {
    stop: async () => {
      worker.shutdown();
      await running;
    },
  };
}
