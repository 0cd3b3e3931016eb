import { checkFiles, packFiles, withRunbookFile } from "@ntro/bundle";
import {
  type BodyOf,
  type DeployAnswer,
  type Deployment,
  type Fault,
  type Manifest,
  NtroError,
  workflowType,
} from "@ntro/contract";
import * as z from "zod";
import { actorOf, mayTouch } from "../core/access";
import { recordDeployment } from "../deploy";
import type { Services } from "../services";
import { findDeployment, toDeployment } from "../store/deployments";
import { requireActive, requireTenant } from "../store/tenants";
import type { Caller, Handlers } from "./handler";

export const deploymentHandlers: Pick<Handlers, "runbooks.deploy" | "deployments.get"> = {
  "deployments.get": async (services, { caller, params }) => requireDeployment(services, caller, params.id),

  "runbooks.deploy": async (services, request) => {
    const { caller, params, body, query, creationId: id } = request;
    const tenant = await requireTenant(services.db, caller, body.tenantSlug);
    requireActive(tenant);
    const bundle = checkFiles(Object.entries(withRunbookFile(body.files, params.slug, body.version)));
    if (bundle.status === "faulty") throw invalidBundle(params.slug, bundle.faults);
    const { manifest, files, requirements } = bundle.bundle;
    requireSame(manifest, params.slug, body);
    const { archive, digest } = packFiles(files);
    const type = workflowType({ slug: manifest.slug, version: manifest.version, digest });
    const revision = { tenantId: tenant.id, manifest, requirements, archive, digest, workflowType: type };
    const asked = { pin: body.pin ?? false, dryRun: body.dryRun ?? false, actor: actorOf(caller) };
    await recordDeployment(services, { id, ...revision, ...asked });
    return toAnswer(await awaitDeployment(services, caller, id, query.wait * 1000, request.signal));
  },
};

function invalidBundle(slug: string, faults: Fault[]): NtroError {
  return new NtroError("BUNDLE_INVALID", `The bundle of ${slug} has ${count(faults)}. Nothing was recorded.`, {
    hint: "Correct what the details name, then deploy again.",
    details: faults,
  });
}

/**
 * The deployment of an id.
 * @throws NtroError `DEPLOYMENT_NOT_FOUND`, the same whether it is not there or not the caller's
 */
async function requireDeployment({ db }: Services, caller: Caller, id: string): Promise<Deployment> {
  const row = z.uuid().safeParse(id).success ? await findDeployment(db, id) : undefined;
  if (!row || !mayTouch(caller, row.tenant_id))
    throw new NtroError("DEPLOYMENT_NOT_FOUND", `There is no deployment ${id}.`, {
      hint: "`ntro runbook versions <slug>` shows what was deployed.",
    });
  return toDeployment(db, row);
}

/** The deployment once it has ended, or as it is after so many milliseconds. */
async function awaitDeployment(
  services: Services,
  caller: Caller,
  id: string,
  milliseconds: number,
  signal: AbortSignal,
): Promise<Deployment> {
  let deployment = await requireDeployment(services, caller, id);
  if (milliseconds === 0) return deployment;
  const limit = new AbortController();
  const stop = () => limit.abort();
  const timer = setTimeout(stop, milliseconds);
  signal.addEventListener("abort", stop);
  try {
    const events = await services.events.subscribe({ deploymentId: id }, null, limit.signal);
    // Read again: it may have ended before the subscription.
    deployment = await requireDeployment(services, caller, id);
    if (deployment.status !== "pending") return deployment;
    for await (const event of events)
      if (event.type !== "deployment.progress") return await requireDeployment(services, caller, id);
    return deployment;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    stop();
  }
}

function requireSame(manifest: Manifest, slug: string, body: BodyOf<"runbooks.deploy">): void {
  const differ = (field: string, said: string, written: string) => {
    const message = `The request says ${field} ${said}, but runbook.md says ${written}.`;
    const hint = "Deploy the bundle under its own slug and version.";
    return new NtroError("REQUEST_INVALID", message, { hint, details: [{ field, message }] });
  };
  if (slug !== manifest.slug) throw differ("slug", slug, manifest.slug);
  if (body.version !== manifest.version) throw differ("version", body.version, manifest.version);
}

function toAnswer(deployment: Deployment): DeployAnswer {
  const { slug, version } = deployment;
  if (deployment.status === "failed")
    throw new NtroError(
      "DEPLOYMENT_FAILED",
      `${slug}@${version} could not be made ready: ${count(deployment.faults)}.`,
      {
        hint: deployment.dryRun ? "Nothing was changed." : "The version that was current before still is.",
        details: deployment.faults,
      },
    );
  return {
    workflowId: deployment.id,
    taskQueue: deployment.taskQueue,
    runbook: slug,
    version,
    result: {
      status: deployment.status,
      digest: deployment.digest,
      current: deployment.current,
      ...(deployment.status === "ready" ? { notices: deployment.notices } : {}),
    },
    deployment,
  };
}

function count(faults: readonly unknown[]): string {
  return faults.length === 1 ? "1 fault" : `${faults.length} faults`;
}
