import { spawn } from "node:child_process";
import { once } from "node:events";
import { PLACE, PROGRAM } from "../test/system/platform";
import type { BenchPlatform } from "./bench-platform";
import { median } from "./quantiles";
import type { Section } from "./result";
import { TaskEndings } from "./task-endings";

const RUNBOOK = "typical";

/** One deploy: when each line of the command came, when it had ended, when the first task was done. Milliseconds from the command's start. */
interface Deploy {
  readonly lines: readonly { readonly stage: string; readonly at: number; readonly text: string }[];
  readonly command: number;
  readonly firstTask: number;
}

/** From typing `ntro workflow create` to the first task that has run the new code. */
export async function measureDeploy(bench: BenchPlatform, rounds: number): Promise<Section> {
  const deploys: Deploy[] = [];
  const endings = await TaskEndings.open(bench.api, bench.tenant.id);
  // The first one binds; from then on the binding follows the current version.
  for (let round = 0; round <= rounds; round += 1) {
    const deployed = await deployAndRun(bench, endings, await bench.variant(RUNBOOK, `1.0.${round}`));
    if (round > 0) deploys.push(deployed);
  }
  await endings.close();
  const of = (pick: (deploy: Deploy) => number) => median(deploys.map(pick)) / 1000;
  return {
    title: "Deploy a new version of a runbook of ordinary size",
    rows: [
      {
        what: "command typed to first task done",
        measured: of(({ firstTask }) => firstTask),
        unit: "s",
        aim: { kind: "at most", value: 2 },
      },
      { what: "ntro workflow create", measured: of(({ command }) => command), unit: "s" },
      { what: "its first task", measured: of(({ command, firstTask }) => firstTask - command), unit: "s" },
    ],
    notes: [
      `median of ${rounds}; fastest ${(Math.min(...deploys.map(({ firstTask }) => firstTask)) / 1000).toFixed(2)} s`,
      `after the command's start: ${stagesOf(deploys)}`,
    ],
  };
}

async function deployAndRun(bench: BenchPlatform, endings: TaskEndings, folder: string): Promise<Deploy> {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = bench.platform.env;
  const begun = performance.now();
  const lines: { stage: string; at: number; text: string }[] = [];
  let said = "";
  const child = spawn(process.execPath, [PROGRAM, "workflow", "create", "--path", folder, ...PLACE], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      for (const [, stage] of text.matchAll(/^✓ (\w+) /gm))
        lines.push({ stage: stage ?? "", at: performance.now() - begun, text });
    });
  const [code] = await once(child, "exit");
  const command = performance.now() - begun;
  if (code !== 0) throw new Error(`ntro workflow create ended with ${code}\n${said}\n${bench.platform.logs()}`);
  const workflowId = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(said)?.[0];
  if (workflowId === undefined) throw new Error(`No workflow id in:\n${said}`);
  await endings.completed(await bench.createTask(workflowId));
  return { lines, command, firstTask: performance.now() - begun };
}

function stagesOf(deploys: readonly Deploy[]): string {
  const stages = deploys[0]?.lines.map(({ stage }) => stage) ?? [];
  const at = (stage: string) =>
    median(deploys.flatMap(({ lines }) => lines.filter((line) => line.stage === stage).map((line) => line.at)));
  return stages.map((stage) => `${stage} ${at(stage).toFixed(0)} ms`).join(", ");
}
