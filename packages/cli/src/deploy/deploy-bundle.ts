import { randomUUID } from "node:crypto";
import { type Deployment, type NtroClient, NtroError } from "@ntro/contract";
import { type Output, printable } from "../output";
import { persist } from "../persist";
import { followDeployment } from "./follow-deployment";
import type { ReadyBundle } from "./read-folder";
import { stageLine } from "./stage-line";

/** How long a server that restarts during the upload is waited for, in milliseconds. */
const UPLOAD_PATIENCE_MS = 60_000;

/** Uploads a bundle and follows its deployment to the end, told line by line. Throws `DEPLOYMENT_FAILED` with the faults when no worker can make it ready. */
export async function deployBundle(
  api: NtroClient,
  bundle: ReadyBundle,
  options: { readonly tenant: string; readonly pin: boolean },
  out: Output,
): Promise<Deployment> {
  const { slug, version } = bundle.manifest;
  const away = () => out.warn("The connection to the server is lost; reconnecting…");
  const idempotencyKey = randomUUID();
  const begun = Date.now();
  const { deployment: started } = await persist(
    () =>
      api.call("runbooks.deploy", {
        params: { slug },
        query: { wait: 0 },
        body: { tenantSlug: options.tenant, version, files: Object.fromEntries(bundle.files), pin: options.pin },
        idempotencyKey,
      }),
    UPLOAD_PATIENCE_MS,
    away,
  );
  out.success(stageLine("uploaded", `${slug}@${version} to ${options.tenant}  ${seconds(Date.now() - begun)}`));
  if (started.status === "pending") out.say(`  a worker makes it ready…`);
  const deployment =
    started.status === "pending"
      ? await followDeployment(api, started, {
          stage: (name, took) => out.success(stageLine(name, `${took.toFixed(1)} s`)),
          away,
        })
      : started;
  if (deployment.status === "failed")
    throw new NtroError("DEPLOYMENT_FAILED", `${slug}@${version} could not be made ready; nothing else changed.`, {
      details: deployment.faults,
    });
  const effect = deployment.current ? "it is current" : "the current version stays as it is";
  out.success(stageLine("ready", `${slug}@${version}, ${effect}  ${seconds(Date.now() - begun)}`));
  for (const notice of deployment.status === "ready" ? deployment.notices : [])
    out.say(out.colourOfMessages.dim(`  ${printable(notice)}`));
  return deployment;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
