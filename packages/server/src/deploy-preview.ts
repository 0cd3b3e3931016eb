import { unpackArchive } from "@ntro/bundle";
import { NtroError, type Preview, type PreviewRunbook } from "@ntro/contract";
import { sql } from "kysely";
import { planBinding } from "./core/bind";
import { movesCurrent } from "./core/deploy";
import {
  afterDeploy,
  changedFiles,
  changedParams,
  changedSteps,
  type ForeseenWorkflow,
  moves,
  refOf,
  served,
} from "./core/deploy-preview";
import { startParams } from "./core/start-params";
import type { Services } from "./services";
import { readCurrentVersion } from "./store/current-versions";
import type { Db } from "./store/database";
import type { EntityRow } from "./store/entities";
import { type ReadyRevision, revisionOf, revisionsOf } from "./store/ready-revisions";
import { readContent } from "./store/revision-content";
import type { TenantRow } from "./store/tenants";
import { bindingOf, liveWorkflows, patchOf } from "./store/workflows";

/** What is looked at ahead, checked as far as tenant and entity go. */
interface PreviewRequest extends PreviewRunbook {
  readonly slug: string;
  readonly tenant: TenantRow;
  /** That the workflow would be bound to; null: nothing is bound. */
  readonly entity: EntityRow | null;
}

/** How many open tasks are named one by one. */
const NAMED_TASKS = 100;

/**
 * What deploying a revision and binding a workflow to it would change. Changes nothing.
 * @throws NtroError `VERSION_NOT_FOUND` when the tenant has no such revision, `RUNBOOK_NOT_READY` when nothing has loaded it, `SCHEDULE_INVALID`
 */
export async function previewRevision(services: Services, request: PreviewRequest): Promise<Preview> {
  const { db } = services;
  const { slug, version, digest, tenant } = request;
  const candidate = await requireLoaded(db, request);
  const deployed = await revisionsOf(db, tenant.id, slug);
  const before = deployed.some(({ id }) => id === candidate.id) ? deployed : [...deployed, candidate];
  const after = request.deploys ? afterDeploy(before, await foreseen(db, request, candidate)) : before;
  const { workflows, target, binding } = await planned(db, request, before);
  const pinNow = target?.pinBefore;
  const base = served(before, pinNow ?? null) ?? served(before, null);
  const current = (revisions: readonly ReadyRevision[]) => refOf(revisions.find((each) => each.current));
  return {
    revision: { slug, version, digest, language: candidate.language },
    base: refOf(base),
    ...(await differences(services, base, candidate)),
    binding,
    current: { before: current(before), after: current(after) },
    ...moves(workflows, before, after),
    ...(await openTasks(db, tenant.id, slug)),
  };
}

async function requireLoaded(db: Db, { slug, version, digest, tenant }: PreviewRequest): Promise<ReadyRevision> {
  const found = await revisionOf(db, tenant.id, { slug, version, digest });
  if (!found)
    throw new NtroError("VERSION_NOT_FOUND", `${tenant.slug} has no version ${version} of ${slug} with this content.`, {
      hint: "Deploy it, or try it with --dry-run.",
    });
  if (!found.described)
    throw new NtroError("RUNBOOK_NOT_READY", `No worker has loaded ${slug}@${version} yet.`, {
      hint: `\`ntro runbook versions ${slug}\` shows how its deployment stands.`,
    });
  return found;
}

/** How the candidate would stand once it was deployed now. */
async function foreseen(db: Db, { tenant, slug, version, pin }: PreviewRequest, { id }: ReadyRevision) {
  const at = new Date();
  const current = await readCurrentVersion(db, tenant.id, slug);
  // The clock of the database may be ahead of ours: a deploy that comes now is later than any before.
  const requestedAt = new Date(Math.max(at.getTime(), current?.requestedAt.getTime() ?? 0));
  return { id, at, moves: movesCurrent({ version, pin, requestedAt }, current) };
}

/** The runbook's workflows with what is planned for the one to bind, which may not be there yet. */
async function planned(
  db: Db,
  { tenant, slug, version, workflow: asked, entity }: PreviewRequest,
  revisions: readonly ReadyRevision[],
): Promise<{
  workflows: ForeseenWorkflow[];
  target: ForeseenWorkflow | undefined;
  binding: Preview["binding"];
}> {
  const rows = await liveWorkflows(db, tenant.id, slug);
  const workflows = rows.map((row): ForeseenWorkflow => {
    const pin = row.runbook_version;
    return { id: row.id, name: row.name, entity: row.entity_slug, pinBefore: pin, pinAfter: pin };
  });
  if (!asked || !entity) return { workflows, target: undefined, binding: null };
  const name = asked.name ?? null;
  const row = rows.find((each) => each.entity_id === entity.id && each.name === name);
  const versions = [...new Set([version, ...revisions.filter(({ readyAt }) => readyAt).map((each) => each.version)])];
  const { binding, changes } = planBinding(slug, row && bindingOf(row), patchOf(asked), versions);
  const target: ForeseenWorkflow = {
    id: row?.id ?? null,
    name,
    entity: entity.slug,
    pinBefore: row ? row.runbook_version : undefined,
    pinAfter: binding.runbookVersion,
  };
  const others = workflows.filter(({ id }) => id !== target.id);
  return { workflows: [target, ...others], target, binding: { created: !row, changes } };
}

/** What differs between the revision that is run now (undefined: none) and the candidate. */
async function differences(
  services: Services,
  base: ReadyRevision | undefined,
  candidate: ReadyRevision,
): Promise<Pick<Preview, "files" | "steps" | "startParams">> {
  const same = base?.id === candidate.id;
  const [old, now] = same
    ? [new Map(), new Map()]
    : await Promise.all([base ? filesOf(services, base) : new Map<string, string>(), filesOf(services, candidate)]);
  const steps = (revision: ReadyRevision | undefined) =>
    (revision?.described?.steps ?? []).map(({ id, title }) => ({ id, title }));
  const params = (revision: ReadyRevision | undefined) =>
    revision
      ? startParams({
          inputSchema: revision.described?.inputSchema ?? null,
          global: revision.manifest.configSchema.global,
        })
      : [];
  return {
    files: changedFiles(old, now),
    steps: changedSteps(steps(base), steps(candidate)),
    startParams: changedParams(params(base), params(candidate)),
  };
}

async function filesOf(services: Services, revision: ReadyRevision): Promise<ReadonlyMap<string, string>> {
  const content = await readContent(services.tenantDatabases, revision.tenant_id, revision.workflow_type);
  const unpacked = content && unpackArchive(content.archive);
  return unpacked?.status === "ok" ? unpacked.bundle.files : new Map();
}

/** Tasks that run a revision of the runbook, or start one as a child. */
async function openTasks(
  db: Db,
  tenantId: string,
  slug: string,
): Promise<Pick<Preview, "openTasks" | "openTaskCount">> {
  const { rows } = await sql<Preview["openTasks"][number] & { total: string }>`
    select t.id, t.title, r.version, r.digest, case when r.id = t.revision_id then 'task' else 'child' end as "as",
      count(*) over () as total
    from tasks t join revisions r on r.tenant_id = t.tenant_id and r.slug = ${slug}
      and (r.id = t.revision_id or r.workflow_type = t.lock -> ${slug}::text ->> 'type')
    where t.tenant_id = ${tenantId} and t.closed_at is null
    order by t.created_at, t.id limit ${NAMED_TASKS}`.execute(db);
  return {
    openTasks: rows.map(({ total: _, ...task }) => task),
    openTaskCount: Number(rows[0]?.total ?? 0),
  };
}
