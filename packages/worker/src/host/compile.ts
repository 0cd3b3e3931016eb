import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type BuildResult,
  buildActivities,
  buildWorkflow,
  checkTypescript,
  installPackages,
} from "@ntro/bundle/typescript";
import type { Build } from "@ntro/contract";
import { SDK_DIR, ZOD_DIR } from "../installation";
import { activitiesStub } from "./activity-module";
import { BundleFaulty } from "./load-failure";
import type { Prelude } from "./mux";
import { trialLoad } from "./trial-load";

/** Where the built form of a revision lies in its folder. */
export const BUILT = {
  workflow: ".build/workflow.cjs",
  workflowMap: ".build/workflow.cjs.map",
  activities: ".build/activities.cjs",
  activitiesMap: ".build/activities.cjs.map",
  prelude: ".build/prelude.digest",
} as const;

/**
 * Builds a bundle whose files lie in `dir`: packages, then types beside code. The activities are built first and loaded, apart from this process, because
 * workflow code sees only their names and policies.
 * @throws BundleFaulty with everything that is wrong
 */
export async function compile(dir: string, files: ReadonlyMap<string, string>, prelude: Prelude): Promise<Build> {
  refuseFaults(await installPackages(dir));
  const types = checkTypescript({ dir, files, sdkDir: SDK_DIR, zodDir: ZOD_DIR });
  const [typeFaults, built] = await Promise.all([types, buildBoth(dir, files, prelude)]);
  refuseFaults(typeFaults.length > 0 ? typeFaults : built instanceof BundleFaulty ? built.faults : []);
  if (built instanceof BundleFaulty) throw built;
  return built;
}

async function buildBoth(
  dir: string,
  files: ReadonlyMap<string, string>,
  prelude: Prelude,
): Promise<Build | BundleFaulty> {
  try {
    const activities = successful(await buildActivities({ dir, sdkDir: SDK_DIR, zodDir: ZOD_DIR }));
    await writeBuilt(dir, { activities: activities.code, activitiesMap: activities.sourceMap });
    const stub = activitiesStub(await trialLoad(join(dir, BUILT.activities), files));
    const workflow = successful(await buildWorkflow({ dir, activitiesStub: stub }));
    return {
      prelude: prelude.digest,
      workflow: workflow.code,
      workflowMap: workflow.sourceMap,
      activities: activities.code,
      activitiesMap: activities.sourceMap,
    };
  } catch (error) {
    if (error instanceof BundleFaulty) return error;
    throw error;
  }
}

function successful(result: BuildResult) {
  if (result.status === "faulty") throw new BundleFaulty(result.faults);
  return result;
}

function refuseFaults(faults: ConstructorParameters<typeof BundleFaulty>[0]): void {
  if (faults.length > 0) throw new BundleFaulty(faults);
}

/** Writes the parts of a build that are given into the revision's folder. */
export async function writeBuilt(dir: string, parts: Partial<Build>): Promise<void> {
  const { activities, activitiesMap, workflow, workflowMap, prelude } = parts;
  const write = (path: string, text: string | undefined) =>
    text === undefined ? undefined : writeFile(join(dir, path), text);
  await Promise.all([
    write(BUILT.activities, activities && `${activities}\n//# sourceMappingURL=activities.cjs.map\n`),
    write(BUILT.activitiesMap, activitiesMap),
    write(BUILT.workflow, workflow),
    write(BUILT.workflowMap, workflowMap),
    write(BUILT.prelude, prelude),
  ]);
}

/** The built form that {@link writeBuilt} left, without the activities' text: that is loaded from its file. */
export async function readBuilt(dir: string): Promise<Pick<Build, "prelude" | "workflow" | "workflowMap">> {
  const read = (path: string) => readFile(join(dir, path), "utf8");
  const [prelude, workflow, workflowMap] = await Promise.all([
    read(BUILT.prelude),
    read(BUILT.workflow),
    read(BUILT.workflowMap),
  ]);
  return { prelude, workflow, workflowMap };
}
