import { createHash } from "node:crypto";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import type { Prelude } from "./revision";

/** Options of {@link buildPrelude}. */
export interface BuildPreludeOptions {
  /** Folder whose `index` and `workflow` modules stand for `@ntro/runbook` and `@ntro/runbook/workflow`; by default the package. */
  readonly sdkDir?: string;
}

/**
 * The SDK's VM refuses a script without this text. It is how webpack bundles keep author modules apart; ours are kept
 * apart by evaluating the author's factory per execution.
 */
const MODULE_CACHE_MARK =
  "/* author modules are evaluated per execution instead of globalThis.__webpack_module_cache__ */";

const HERE = dirname(fileURLToPath(import.meta.url));

/** Modules the workflow SDK names but which do not exist in a workflow context. */
const sdkSeams: Plugin = {
  name: "workflow-sdk-seams",
  setup(pluginBuild) {
    pluginBuild.onResolve({ filter: /^__temporal_custom_(payload|failure)_converter$/ }, (args) => ({
      path: args.path,
      namespace: "absent",
    }));
    pluginBuild.onLoad({ filter: /.*/, namespace: "absent" }, () => ({ contents: "module.exports = {};" }));
  },
};

/**
 * Bundles the prelude: the Temporal workflow SDK, `@ntro/runbook` and zod as one script that sets `__TEMPORAL__`.
 * Names stay readable in stack traces; there is no source map inside.
 *
 * @param options where `@ntro/runbook` comes from
 * @returns the script text and its sha256
 * @throws esbuild's BuildFailure when a module cannot be resolved, also when one needs a Node.js built-in, which
 * workflow code must not
 */
export async function buildPrelude(options: BuildPreludeOptions = {}): Promise<Prelude> {
  const result = await build({
    entryPoints: [join(HERE, "prelude-entry.ts")],
    absWorkingDir: HERE,
    bundle: true,
    write: false,
    format: "iife",
    globalName: "__TEMPORAL__",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["import", "default"],
    target: "node20",
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: "none",
    logLevel: "silent",
    alias: options.sdkDir === undefined ? {} : { "@ntro/runbook": resolve(options.sdkDir) },
    plugins: [sdkSeams],
    banner: { js: MODULE_CACHE_MARK },
  });
  const output = result.outputFiles?.[0];
  if (output === undefined) throw new Error("esbuild produced no prelude.");
  const code = output.text;
  return { digest: createHash("sha256").update(code).digest("hex"), code };
}
