import { unpackArchive } from "@ntro/bundle";
import { NtroError, type PruneAnswer } from "@ntro/contract";
import { actorOf } from "../core/access";
import { prunedVersion } from "../core/deploy";
import { previewRevision } from "../deploy-preview";
import { pruneRunbook } from "../prune";
import type { Services } from "../services";
import { readContent } from "../store/revision-content";
import { listRevisions, runbookNotFound, type StandingRevision } from "../store/revisions";
import { requireActive, requireTenant } from "../store/tenants";
import { requireVisibleEntity } from "../store/workflows";
import type { Handlers } from "./handler";

type VersionRoute = "runbooks.files" | "runbooks.preview" | "runbooks.prune";

export const versionHandlers: Pick<Handlers, VersionRoute> = {
  "runbooks.files": async (services, { caller, params: { slug, digest }, query }) => {
    const tenant = await requireTenant(services.db, caller, query.tenant);
    const rows = await listRevisions(services.db, tenant.id, slug);
    if (rows.length === 0) throw await runbookNotFound(services.db, tenant.id, slug);
    const row = rows.find((each) => each.digest === digest);
    if (!row)
      throw new NtroError("VERSION_NOT_FOUND", `The runbook ${slug} has no revision ${digest.slice(0, 12)}.`, {
        hint: `\`ntro runbook versions ${slug}\` shows what there is.`,
      });
    const files = Object.fromEntries(await readFiles(services, row));
    return { slug, version: row.version, digest, tenantSlug: tenant.slug, files };
  },

  "runbooks.preview": async (services, { caller, params, body }) => {
    const tenant = await requireTenant(services.db, caller, body.tenantSlug);
    requireActive(tenant);
    const entity = body.workflow ? await requireVisibleEntity(services.db, caller, body.workflow.entityId) : null;
    if (entity && entity.tenant_id !== tenant.id)
      throw new NtroError("ENTITY_NOT_FOUND", `The tenant ${tenant.slug} has no entity \`${entity.slug}\`.`);
    return previewRevision(services, { ...body, slug: params.slug, tenant, entity });
  },

  "runbooks.prune": async (services, { caller, body }) => {
    const { slug, keep, dryRun } = body;
    const tenant = await requireTenant(services.db, caller, body.tenantSlug);
    const slugs = await prunableRunbooks(services, tenant.id);
    if (slug !== undefined && !slugs.includes(slug)) throw await runbookNotFound(services.db, tenant.id, slug);
    const answer: PruneAnswer = { dryRun, removed: [], kept: [] };
    for (const each of slug === undefined ? slugs : [slug]) {
      const done = await pruneRunbook(services, {
        tenantId: tenant.id,
        slug: each,
        keep,
        dryRun,
        actor: actorOf(caller),
      });
      answer.removed.push(...done.removed);
      answer.kept.push(...done.kept);
    }
    return answer;
  },
};

/** The files of a revision. Throws `RUNBOOK_NOT_READY` when it was pruned. */
async function readFiles(services: Services, row: StandingRevision): Promise<ReadonlyMap<string, string>> {
  const content = await readContent(services.tenantDatabases, row.tenant_id, row.workflow_type);
  if (!content) throw prunedVersion(row.slug, row.version, row.pruned_at ?? new Date());
  const unpacked = unpackArchive(content.archive);
  if (unpacked.status === "faulty") throw new Error(`the archive of ${row.workflow_type} cannot be read`);
  return unpacked.bundle.files;
}

/** The slugs of a tenant's runbooks, whether any version of them is ready or not. */
async function prunableRunbooks({ db }: Services, tenantId: string): Promise<string[]> {
  const rows = await db
    .selectFrom("revisions")
    .select("slug")
    .distinct()
    .where("tenant_id", "=", tenantId)
    .orderBy("slug")
    .execute();
  return rows.map(({ slug }) => slug);
}
