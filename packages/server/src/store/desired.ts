import { type Desired, type Language, taskQueue } from "@ntro/contract";
import { sql } from "kysely";
import type { Db } from "./database";
import { listPending } from "./deployments";

/** Minutes after the last event of a tenant until its hosts may stop. */
const KEEP_MINUTES = 10;

type Hosts = Desired["tenants"][number]["hosts"];

/** Which hosts the active tenants (null: all of them) should have now. */
export async function desiredHosts(
  db: Db,
  tenantId: string | null,
): Promise<{ id: string; slug: string; hosts: Hosts }[]> {
  let tenantQuery = db
    .selectFrom("tenants as t")
    .select(["t.id", "t.slug"])
    .select((all) => [
      all
        .exists(all.selectFrom("tasks").select("id").whereRef("tenant_id", "=", "t.id").where("closed_at", "is", null))
        .as("busy"),
      all
        .exists(
          all
            .selectFrom("events")
            .select("id")
            .whereRef("tenant_id", "=", "t.id")
            .where("at", ">", sql<Date>`now() - make_interval(mins => ${KEEP_MINUTES})`),
        )
        .as("recent"),
    ])
    .where("t.status", "=", "ACTIVE")
    .orderBy("t.slug");
  let languageQuery = db.selectFrom("revisions").select(["tenant_id", "language"]).distinct();
  if (tenantId !== null) {
    tenantQuery = tenantQuery.where("t.id", "=", tenantId);
    languageQuery = languageQuery.where("tenant_id", "=", tenantId);
  }
  const [tenants, languages, pending] = await Promise.all([
    tenantQuery.execute(),
    languageQuery.execute(),
    listPending(db, tenantId),
  ]);
  return tenants.map(({ id, slug, busy, recent }) => ({
    id,
    slug,
    hosts: languages
      .filter((row) => row.tenant_id === id)
      .map(({ language }) =>
        toHost(
          slug,
          language,
          Boolean(busy || recent),
          pending.filter((row) => row.tenant_id === id),
        ),
      ),
  }));
}

function toHost(
  tenantSlug: string,
  language: Language,
  active: boolean,
  pending: Awaited<ReturnType<typeof listPending>>,
): Hosts[number] {
  const deployments = pending
    .filter((row) => row.language === language)
    .map(({ id, slug, version, digest }) => ({ id, slug, version, digest }));
  return { language, queue: taskQueue(tenantSlug, language), wanted: active || deployments.length > 0, deployments };
}
