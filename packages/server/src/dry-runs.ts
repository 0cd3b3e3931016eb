import { sql } from "kysely";
import type { Services } from "./services";
import { lockCurrentVersion } from "./store/current-versions";
import { inTransaction } from "./store/database";
import { nudgeWorkers } from "./store/events";
import { removeContent } from "./store/revision-content";

/** Minutes for which what an ended dry run found out can be asked for. */
const KEPT_MINUTES = 10;

/** Removes dry runs that have ended a while ago, with the revisions that only they brought. */
export async function removeEndedDryRuns(services: Services): Promise<void> {
  const rows = await services.db
    .selectFrom("deployments as d")
    .innerJoin("revisions as r", "r.id", "d.revision_id")
    .innerJoin("tenants as t", "t.id", "d.tenant_id")
    .select(["d.id", "d.tenant_id", "r.id as revision_id", "r.slug", "r.workflow_type"])
    .where("d.dry_run", "=", true)
    .where(sql<boolean>`d.ended_at < now() - make_interval(mins => ${KEPT_MINUTES})`)
    .where("t.status", "=", "ACTIVE")
    .limit(1000)
    .execute();
  for (const row of rows) await removeDryRun(services, row);
}

interface EndedDryRun {
  readonly id: string;
  readonly tenant_id: string;
  readonly revision_id: string;
  readonly slug: string;
  readonly workflow_type: string;
}

async function removeDryRun({ db, tenantDatabases }: Services, ended: EndedDryRun): Promise<void> {
  await inTransaction(db, async (trx) => {
    // Whoever deploys the same content at this moment waits, and then brings archive and revision anew.
    await lockCurrentVersion(trx, ended.tenant_id, ended.slug);
    await trx.deleteFrom("deployments").where("id", "=", ended.id).execute();
    const other = await trx
      .selectFrom("deployments")
      .select("id")
      .where("revision_id", "=", ended.revision_id)
      .limit(1)
      .executeTakeFirst();
    if (other) return;
    await removeContent(tenantDatabases, ended.tenant_id, ended.workflow_type);
    await trx.deleteFrom("revisions").where("id", "=", ended.revision_id).execute();
    await nudgeWorkers(trx);
  });
}
