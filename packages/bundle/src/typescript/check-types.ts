import { spawn } from "node:child_process";
import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Fault } from "@ntro/contract";
import { type Files, lineOf, sortFaults } from "../fault";
import { workflowModules } from "./modules";

/** What a bundle is compiled against. All paths absolute. */
export interface TypeCheck {
  /** The bundle's folder. */
  dir: string;
  /** The same folder's files: where imports are followed and offending lines come from. */
  files: Files;
  /** Folder of the authoring SDK; its index.d.ts is `@ntro/runbook`. */
  sdkDir: string;
  /** Folder of the zod package. */
  zodDir: string;
  /** Folder that holds `node/`, the types of Node; those of this installation by default. */
  typesDir?: string;
  /** Milliseconds after which the compiler is ended; 60,000 by default. */
  timeout?: number;
}

const DEFAULT_TIMEOUT_MS = 60_000;
/** Nothing of this process's own. The compiler is written in Go: it lives for less than a second, so it collects garbage only when much has gathered. */
const COMPILER_ENVIRONMENT = { GOGC: "off", GOMEMLIMIT: "512MiB" };
/** Several checkers would each work out the types of zod and of the SDK anew: on a bundle of ordinary size that doubles the time. */
const COMPILER_FLAGS = ["--checkers", "1"];
const requireHere = createRequire(import.meta.url);

/**
 * Compiles a bundle's TypeScript without output, in strict mode, and gives each error with its file, line and text.
 *
 * Workflow code (templates/workflow.ts and what it imports) is compiled without the types of Node and of browsers, so that
 * what it cannot use does not compile; everything else is compiled with the types of Node. Hence two compilers, side by side.
 * @throws when this installation lacks the compiler or the types of Node
 */
export async function checkTypes(check: TypeCheck): Promise<Fault[]> {
  const sources = [...check.files.keys()].filter((path) => /\.[cm]?ts$/.test(path));
  const workflow = new Set(workflowModules(check.files).map(({ path }) => path));
  const others = sources.filter((path) => !workflow.has(path));
  const dir = await realpath(check.dir);
  const [inWorkflow, inOthers] = await Promise.all([
    compile({ ...check, dir }, [...workflow], false),
    compile({ ...check, dir }, others, true),
  ]);
  // Each compiler also sees files of the other one, with the wrong globals; what it says about them does not count.
  const faults = [
    ...inWorkflow.filter(({ path }) => path === "" || workflow.has(path)).map(withoutNodeAdvice),
    ...inOthers.filter(({ path }) => path === "" || (check.files.has(path) && !workflow.has(path))),
  ];
  return sortFaults(unique(faults));
}

async function compile(check: TypeCheck, roots: readonly string[], withNode: boolean): Promise<Fault[]> {
  if (roots.length === 0) return [];
  const folder = await mkdtemp(join(tmpdir(), "ntro-types-"));
  try {
    const project = join(folder, "tsconfig.json");
    await writeFile(project, JSON.stringify(tsconfig(check, roots, withNode)));
    const output = await runCompiler(project, check.dir, check.timeout ?? DEFAULT_TIMEOUT_MS);
    return output === "timeout" ? [timeoutFault()] : parseDiagnostics(output, check.files);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function tsconfig({ dir, sdkDir, zodDir, typesDir }: TypeCheck, roots: readonly string[], withNode: boolean): object {
  return {
    compilerOptions: {
      target: "es2022",
      lib: ["es2023"],
      module: "esnext",
      moduleResolution: "bundler",
      strict: true,
      noFallthroughCasesInSwitch: true,
      isolatedModules: true,
      resolveJsonModule: true,
      esModuleInterop: true,
      skipLibCheck: true,
      noEmit: true,
      types: withNode ? ["node"] : [],
      typeRoots: [typesDir ?? installedTypes()],
      paths: { "@ntro/runbook": [join(sdkDir, "index.d.ts")], zod: [join(zodDir, "index.d.ts")] },
    },
    files: roots.map((path) => join(dir, path)),
  };
}

/** The folder `@types` of this installation. */
function installedTypes(): string {
  return dirname(dirname(requireHere.resolve("@types/node/package.json")));
}

/** The compiler's program itself: its npm wrapper would start Node once more. */
function compilerPath(): string {
  const platform = `@typescript/typescript-${process.platform}-${process.arch}/package.json`;
  return join(dirname(createRequire(requireHere.resolve("typescript/package.json")).resolve(platform)), "lib", "tsc");
}

/** What the compiler printed, empty when it found nothing. */
function runCompiler(project: string, cwd: string, timeout: number): Promise<string | "timeout"> {
  return new Promise((resolve, reject) => {
    const child = spawn(compilerPath(), ["--project", project, "--pretty", "false", ...COMPILER_FLAGS], {
      cwd,
      env: COMPILER_ENVIRONMENT,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
    }, timeout);
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (late) resolve("timeout");
      else if (code === 0 || DIAGNOSTIC.test(output) || GLOBAL_DIAGNOSTIC.test(output)) resolve(output);
      else
        reject(new Error(`The TypeScript compiler ended with ${signal ?? `code ${code}`}: ${output.slice(0, 2000)}`));
    });
  });
}

const DIAGNOSTIC = /^(.+?)\((\d+),(\d+)\): error (TS\d+): (.*)$/m;
const GLOBAL_DIAGNOSTIC = /^error (TS\d+): (.*)$/m;

/** The compiler's plain output as faults. Lines that start with a space go on with the message before them. */
function parseDiagnostics(output: string, files: Files): Fault[] {
  const faults: Fault[] = [];
  for (const line of output.split(/\r?\n/)) {
    const last = faults.at(-1);
    if (/^\s+\S/.test(line) && last) last.message += `\n${line}`;
    else faults.push(...parseDiagnostic(line, files));
  }
  return faults;
}

function parseDiagnostic(text: string, files: Files): Fault[] {
  const [, path, line, column, code, message] = DIAGNOSTIC.exec(text) ?? [];
  if (path !== undefined) {
    const place = { line: Number(line), column: Number(column) };
    const source = lineOf(files.get(path) ?? "", place.line);
    return [
      {
        code: "TYPESCRIPT_ERROR",
        message: `${message} (${code})`,
        path,
        ...place,
        ...(source === undefined ? {} : { source }),
      },
    ];
  }
  const [, globalCode, globalMessage] = GLOBAL_DIAGNOSTIC.exec(text) ?? [];
  return globalCode === undefined
    ? []
    : [{ code: "TYPESCRIPT_ERROR", message: `${globalMessage} (${globalCode})`, path: "" }];
}

/** The compiler advises to install the types of Node, or to add those of browsers, which would not help workflow code. */
function withoutNodeAdvice(fault: Fault): Fault {
  const advice = /\. (Do you need to (install type definitions|change your target library)|Try `npm)/;
  const at = fault.message.search(advice);
  if (at === -1) return fault;
  const code = / \(TS\d+\)$/.exec(fault.message)?.[0] ?? "";
  const hint =
    "Workflow code has neither Node nor a browser around it: use now(), uuid() and sleep() of @ntro/runbook, or an activity.";
  return { ...fault, message: `${fault.message.slice(0, at + 1)}${code}`, hint };
}

function timeoutFault(): Fault {
  const hint = "Look for types that refer to themselves, or for very large unions.";
  return {
    code: "TYPESCRIPT_TIMEOUT",
    message: "The TypeScript compiler did not finish in time.",
    path: "",
    hint,
  };
}

function unique(faults: readonly Fault[]): Fault[] {
  return [...new Map(faults.map((fault) => [JSON.stringify(fault), fault])).values()];
}
