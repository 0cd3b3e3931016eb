import { randomUUID } from "node:crypto";
import { type Deployment, type NtroClient, NtroError } from "@ntro/contract";
import { type Output, printable } from "../output";
import { persist } from "../persist";
import { effectText } from "./effect-text";
import { followDeployment } from "./follow-deployment";
import type { ReadyBundle } from "./read-folder";
import { stageLine } from "./stage-line";

/** How long a server that restarts during the upload is waited for, in milliseconds. */
const UPLOAD_PATIENCE_MS = 60_000;

/** What is asked of a deploy besides the bundle. */
export interface DeployOptions {
  readonly tenant: string;
  readonly pin: boolean;
  /** Only tried: made ready like any other, and nothing comes of it. */
  readonly dryRun: boolean;
}

/** Uploads a bundle and follows its deployment to the end, told line by line. Throws `DEPLOYMENT_FAILED` with the faults when no worker can make it ready. */
export async function deployBundle(
  api: NtroClient,
  bundle: ReadyBundle,
  options: DeployOptions,
  out: Output,
): Promise<Deployment> {
  const { slug, version } = bundle.manifest;
  const { tenant, pin, dryRun } = options;
  const away = () => out.warn("The connection to the server is lost; reconnecting…");
  const idempotencyKey = randomUUID();
  const begun = Date.now();
  const { deployment: started } = await persist(
    () =>
      api.call("runbooks.deploy", {
        params: { slug },
        query: { wait: 0 },
        body: { tenantSlug: tenant, version, files: Object.fromEntries(bundle.files), pin, dryRun },
        idempotencyKey,
      }),
    UPLOAD_PATIENCE_MS,
    away,
  );
  out.success(
    stageLine(
      "uploaded",
      `${slug}@${version} to ${tenant}${dryRun ? ", to try it" : ""}  ${seconds(Date.now() - begun)}`,
    ),
  );
  if (started.status === "pending") out.say(dryRun ? "  a worker tries it…" : "  a worker makes it ready…");
  const deployment =
    started.status === "pending"
      ? await followDeployment(api, started, {
          stage: (name, took) => out.success(stageLine(name, `${took.toFixed(1)} s`)),
          away,
        })
      : started;
  if (deployment.status === "failed")
    throw new NtroError(
      "DEPLOYMENT_FAILED",
      dryRun
        ? `${slug}@${version} could not be made ready. It was only tried: nothing changed.`
        : `${slug}@${version} could not be made ready; nothing else changed.`,
      { details: deployment.faults },
    );
  const effect = dryRun ? "it could be deployed" : effectText(deployment);
  out.success(stageLine("ready", `${slug}@${version}, ${effect}  ${seconds(Date.now() - begun)}`));
  for (const notice of deployment.status === "ready" ? deployment.notices : [])
    out.say(out.colourOfMessages.dim(`  ${printable(notice)}`));
  return deployment;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
