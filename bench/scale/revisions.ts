import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { checkFiles, packFiles, readBundle } from "@ntro/bundle";
import { type Described, workflowType } from "@ntro/contract";
import { sql } from "kysely";
import { deploymentReady, recordDeployment } from "../../packages/server/src/deploy";
import { putBuild, readContent } from "../../packages/server/src/store/revision-content";
import type { BenchTenant, TenantsPlatform } from "./tenants-platform";

const RUNBOOK = join(import.meta.dirname, "../runbooks/no-op");
const ACTOR = { id: "bench", name: "bench", via: "person" } as const;

type Files = ReadonlyMap<string, string>;

/** What a host has made of the one revision that was really deployed: the others have the same. */
interface Prepared {
  readonly described: Described;
  readonly build: NonNullable<Awaited<ReturnType<typeof readContent>>>["build"];
}

async function noOpFiles(): Promise<Files> {
  const read = await readBundle(RUNBOOK);
  if (read.status === "faulty") throw new Error(`The bench's own runbook is faulty: ${JSON.stringify(read.faults)}`);
  return new Map(Object.entries(Object.fromEntries(read.bundle.files)));
}

/** Deploys the runbook through the front door to the first tenant, and has every tenant in use have the same, bound to its entity; gives the workflow of each. */
export async function deployToUse(platform: TenantsPlatform, inUse: number): Promise<readonly string[]> {
  const files = await noOpFiles();
  const [first, ...others] = platform.tenants.slice(0, inUse);
  if (!first) return [];
  const { deployment } = await platform.api.call("runbooks.deploy", {
    params: { slug: "no-op" },
    query: { wait: 25 },
    body: { tenantSlug: first.slug, version: "1.0.0", files: Object.fromEntries(files) },
  });
  if (deployment.status !== "ready") throw new Error(`The deployment is ${deployment.status}.`);
  const prepared = await preparedOf(platform);
  await withoutWorker(platform, async () => {
    for (const tenant of others) await record(platform, tenant, files, prepared);
  });
  return Promise.all(
    [first, ...others].map(async ({ entityId }) => {
      const { workflow } = await platform.api.call("workflows.put", { body: { runbookSlug: "no-op", entityId } });
      return workflow.id;
    }),
  );
}

/**
 * Adds revisions to every tenant as deployments leave them. The first version of each runbook is recorded by the server's own functions, archive and build in the tenant's database; the further ones
 * are copies of these rows under versions and digests of their own. They are a day old afterwards, so that no tenant is in use because of them.
 */
export async function addRevisions(
  platform: TenantsPlatform,
  { slugs, versions }: { readonly slugs: number; readonly versions: number },
): Promise<void> {
  const files = await noOpFiles();
  const prepared = await preparedOf(platform);
  await withoutWorker(platform, async () => {
    const queue = [...platform.tenants];
    const lane = async () => {
      for (let tenant = queue.pop(); tenant; tenant = queue.pop())
        for (let slug = 0; slug < slugs; slug += 1)
          await record(platform, tenant, renamed(files, `idle-${slug}`, "1.0.0"), prepared);
    };
    await Promise.all([lane(), lane(), lane(), lane()]);
    await copyVersions(platform, versions);
    await sql`update events set at = at - interval '1 day'`.execute(platform.db);
    await sql`update deployments set created_at = created_at - interval '1 day', ended_at = ended_at - interval '1 day'`.execute(
      platform.db,
    );
  });
}

/** Versions 1.1.0 and on of the idle runbooks; the last is current, as after as many deploys. */
async function copyVersions({ db, databases, tenants }: TenantsPlatform, versions: number): Promise<void> {
  await sql`
    insert into revisions (tenant_id, slug, version, digest, language, workflow_type, manifest, described, deployed_by)
    select tenant_id, slug, copy.version, copy.digest, language, slug || '@' || copy.version || '+' || left(copy.digest, 12),
      jsonb_set(manifest, '{version}', to_jsonb(copy.version)), described, deployed_by
    from revisions r, generate_series(1, ${versions - 1}::int) number, lateral (
      select '1.' || number || '.0' as version, encode(sha256(convert_to(r.digest || number, 'utf8')), 'hex') as digest) copy
    where slug like 'idle-%'`.execute(db);
  await sql`
    insert into deployments (tenant_id, revision_id, status, pin, became_current, deployed_by, ended_at)
    select tenant_id, id, 'ready', false, true, deployed_by, now()
    from revisions where slug like 'idle-%' and version <> '1.0.0'`.execute(db);
  await sql`
    insert into events (type, tenant_id, deployment_id, data)
    select type, d.tenant_id, d.id, '{}' from deployments d, unnest(array['deployment.progress', 'deployment.ready']) type
    where d.id not in (select deployment_id from events where deployment_id is not null)`.execute(db);
  await sql`
    update current_versions c set revision_id = r.id from revisions r
    where r.tenant_id = c.tenant_id and r.slug = c.slug and r.version = ${`1.${versions - 1}.0`}`.execute(db);
  for (const { id } of tenants) {
    const { rows } = await sql<{ type: string; source: string }>`
      select r.workflow_type as type, first.workflow_type as source
      from revisions r join revisions first on first.tenant_id = r.tenant_id and first.slug = r.slug and first.version = '1.0.0'
      where r.tenant_id = ${id} and r.slug like 'idle-%' and r.version <> '1.0.0'`.execute(db);
    await databases.query(
      id,
      `insert into ntro.revisions (workflow_type, archive, build)
       select copy.type, r.archive, r.build from unnest($1::text[], $2::text[]) copy (type, source)
       join ntro.revisions r on r.workflow_type = copy.source`,
      [rows.map(({ type }) => type), rows.map(({ source }) => source)],
    );
  }
}

/** A host would be started for each deployment that is seen before it is ready. */
async function withoutWorker(platform: TenantsPlatform, work: () => Promise<void>): Promise<void> {
  const worker = platform.pid("worker");
  process.kill(worker, "SIGSTOP");
  try {
    await work();
  } finally {
    process.kill(worker, "SIGCONT");
  }
}

function renamed(files: Files, slug: string, version: string): Files {
  const edit = (text: string) =>
    text.replace(/^slug: .*$/m, `slug: ${slug}`).replace(/^version: .*$/m, `version: ${version}`);
  return new Map([...files].map(([path, text]) => [path, path === "runbook.md" ? edit(text) : text]));
}

async function preparedOf({ db, databases }: TenantsPlatform): Promise<Prepared> {
  const { tenant_id, workflow_type, described } = await db
    .selectFrom("revisions")
    .selectAll()
    .where("slug", "=", "no-op")
    .where("described", "is not", null)
    .executeTakeFirstOrThrow();
  const content = await readContent(databases, tenant_id, workflow_type);
  if (!described || !content?.build) throw new Error("The runbook of the bench was not built.");
  return { described, build: content.build };
}

async function record(
  { db, databases }: TenantsPlatform,
  tenant: BenchTenant,
  files: Files,
  { described, build }: Prepared,
): Promise<void> {
  const checked = checkFiles([...files]);
  if (checked.status === "faulty") throw new Error(`A revision is faulty: ${JSON.stringify(checked.faults)}`);
  const { manifest, requirements } = checked.bundle;
  const { archive, digest } = packFiles(checked.bundle.files);
  const type = workflowType({ slug: manifest.slug, version: manifest.version, digest });
  const id = randomUUID();
  const revision = { tenantId: tenant.id, manifest, requirements, archive, digest, workflowType: type };
  const services = { db, tenantDatabases: databases };
  await recordDeployment(services, { id, ...revision, pin: false, dryRun: false, actor: ACTOR });
  if (build) await putBuild(databases, tenant.id, type, build);
  await deploymentReady(db, id, described, ACTOR);
}
