import { spawn } from "node:child_process";
import { once } from "node:events";
import { PROGRAM } from "../test/system/platform";
import { median, quantile } from "./quantiles";
import type { Section } from "./result";

/** `ntro --version` against a Node that does nothing, by turns. */
export async function measureCliStart(rounds: number): Promise<Section> {
  // Node 20 reads these certificates at every start, which costs more than all the rest.
  const { NODE_EXTRA_CA_CERTS: _, NODE_OPTIONS: __, ...env } = process.env;
  const ours: number[] = [];
  const bare: number[] = [];
  for (let round = -2; round < rounds; round += 1) {
    const took = [
      [bare, await startTime(["-e", "0"], env)],
      [ours, await startTime([PROGRAM, "--version"], env)],
    ] as const;
    if (round >= 0) for (const [times, milliseconds] of took) times.push(milliseconds);
  }
  const against = { what: "node -e 0", measured: median(bare) };
  return {
    title: "Start of the command line",
    rows: [
      { what: "ntro --version", measured: median(ours), unit: "ms", against, aim: { kind: "at most", value: 1.7 } },
      {
        what: "ntro --version, fastest",
        measured: quantile(ours, 0),
        unit: "ms",
        against: { what: "node -e 0", measured: quantile(bare, 0) },
      },
    ],
    notes: [`${rounds} starts each by turns, NODE_EXTRA_CA_CERTS unset`],
  };
}

async function startTime(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const begun = performance.now();
  const child = spawn(process.execPath, args, { env, stdio: "ignore" });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`node ${args.join(" ")} ended with ${code}`);
  return performance.now() - begun;
}
