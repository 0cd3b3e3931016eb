import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** A built thread script and how to be rid of it. */
export interface BuiltThreadScript {
  readonly path: string;
  remove(): Promise<void>;
}

/** Bundles the workflow thread's script as the shipped build does, into a folder of its own. */
export async function buildThreadScript(): Promise<BuiltThreadScript> {
  const here = dirname(fileURLToPath(import.meta.url));
  // Inside node_modules, so that the packages left external are found and nothing is left among the sources.
  const cache = join(process.cwd(), "node_modules", ".cache");
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, "ntro-workflow-thread-"));
  const path = join(folder, "workflow-thread.cjs");
  await build({
    entryPoints: [join(here, "..", "workflow-thread.ts")],
    outfile: path,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20",
    external: ["@temporalio/*"],
    logLevel: "silent",
  });
  return { path, remove: () => rm(folder, { recursive: true, force: true }) };
}
