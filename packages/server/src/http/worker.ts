import { createHash } from "node:crypto";
import { NtroError, parseWorkflowType } from "@ntro/contract";
import * as z from "zod";
import { actorOf, mayTouch } from "../core/access";
import { deploymentFailed, deploymentProgress, deploymentReady } from "../deploy";
import { authorKey, hostKey } from "../secrets";
import type { Services } from "../services";
import { desiredHosts } from "../store/desired";
import { lastPruned, prunedAmong } from "../store/pruned-revisions";
import { putBuild, readContent } from "../store/revision-content";
import { requireTenant, type TenantRow } from "../store/tenants";
import { readTenantSecrets } from "../tenant-secrets";
import type { Caller, Handlers } from "./handler";

type WorkerRoute =
  | "worker.desired"
  | "worker.prunedRevisions"
  | "worker.reportDeployment"
  | "worker.getRevision"
  | "worker.putBuild"
  | "worker.getPrelude"
  | "worker.putPrelude";

export const workerHandlers: Pick<Handlers, WorkerRoute> = {
  "worker.desired": async (services, { caller }) => {
    const { db, settings, tenantDatabases } = services;
    const tenants = (await desiredHosts(db, caller.tenantId, settings.idleMs)).map(
      async ({ id, slug, hosts, secretsVersion }) => ({
        id,
        slug,
        hosts,
        databaseUrl: tenantDatabases.roleUrl(id),
        hostKey: hostKey(settings.secret, id),
        authorKey: authorKey(settings.secret, id),
        // Only Python code finds them in its environment.
        secrets: hosts.some(({ language }) => language === "python")
          ? await readTenantSecrets(services, id, secretsVersion)
          : {},
      }),
    );
    const prunedAt = (await lastPruned(db))?.toISOString() ?? null;
    return { temporal: settings.temporal, prunedAt, tenants: await Promise.all(tenants) };
  },

  "worker.prunedRevisions": async ({ db }, { caller, body }) => ({
    revisions: await prunedAmong(db, caller, body.revisions),
  }),

  "worker.reportDeployment": async ({ db }, { caller, params, body }) => {
    const row = z.uuid().safeParse(params.id).success
      ? await db.selectFrom("deployments").select("tenant_id").where("id", "=", params.id).executeTakeFirst()
      : undefined;
    if (!row || !mayTouch(caller, row.tenant_id))
      throw new NtroError("DEPLOYMENT_NOT_FOUND", `There is no deployment ${params.id}.`);
    const actor = actorOf(caller);
    if (body.status === "progress") await deploymentProgress(db, params.id, body.stage, body.seconds);
    else if (body.status === "ready") await deploymentReady(db, params.id, body.described, actor);
    else await deploymentFailed(db, params.id, body.faults, actor);
    return { ok: true };
  },

  "worker.getRevision": async (services, { caller, params }) => {
    const { tenant, revision } = await requireRevision(services, caller, params);
    const content = await readContent(services.tenantDatabases, tenant.id, params.type);
    if (!content) throw noRevision(params.type);
    return { ...revision, ...content };
  },

  "worker.putBuild": async (services, { caller, params, body }) => {
    const { tenant } = await requireRevision(services, caller, params);
    await requirePrelude(services, body.prelude);
    await putBuild(services.tenantDatabases, tenant.id, params.type, body);
    return { ok: true };
  },

  "worker.getPrelude": async ({ db }, { params }) => {
    const row = await db.selectFrom("preludes").select("code").where("digest", "=", params.digest).executeTakeFirst();
    if (!row) throw noPrelude(params.digest);
    return row;
  },

  "worker.putPrelude": async ({ db }, { params, body }) => {
    // Tenants share preludes, so what one of them sends must be what its name says.
    if (createHash("sha256").update(body.code).digest("hex") !== params.digest)
      throw new NtroError("REQUEST_INVALID", "The prelude's digest is not that of its code.", {
        details: [{ field: "digest", message: "must be the sha256 of the code" }],
      });
    await db
      .insertInto("preludes")
      .values({ digest: params.digest, code: body.code })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    return { ok: true };
  },
};

async function requireRevision({ db }: Services, caller: Caller, params: { tenant: string; type: string }) {
  const tenant: TenantRow = await requireTenant(db, caller, params.tenant);
  const revision = parseWorkflowType(params.type)
    ? await db
        .selectFrom("revisions")
        .select(["slug", "version", "digest", "language"])
        .where("tenant_id", "=", tenant.id)
        .where("workflow_type", "=", params.type)
        .executeTakeFirst()
    : undefined;
  if (!revision) throw noRevision(params.type);
  return { tenant, revision };
}

async function requirePrelude({ db }: Services, digest: string): Promise<void> {
  const row = await db.selectFrom("preludes").select("digest").where("digest", "=", digest).executeTakeFirst();
  if (!row) throw noPrelude(digest);
}

function noRevision(type: string): NtroError {
  return new NtroError("VERSION_NOT_FOUND", `The tenant has no revision ${type}.`);
}

function noPrelude(digest: string): NtroError {
  return new NtroError("VERSION_NOT_FOUND", `There is no prelude ${digest}.`, { hint: "Upload it first." });
}
