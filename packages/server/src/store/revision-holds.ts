import { NtroError } from "@ntro/contract";
import { sql, type Transaction } from "kysely";
import { prunedVersion } from "../core/deploy";
import type { Tables } from "./tables";

/** A revision was pruned between choosing it and holding it; whoever chose it may choose again. */
export class RevisionGone extends NtroError {}

/**
 * Keeps revisions from being pruned until the transaction ends: what is recorded in it (a task, its lock) keeps them from then on. Call it before the record
 * is written. Locks are taken in the order of ids, as pruning does.
 * @param types workflow types
 * @param ids of revisions
 * @throws RevisionGone when one of them is pruned
 */
export async function holdRevisions(
  trx: Transaction<Tables>,
  tenantId: string,
  { types = [], ids = [] }: { readonly types?: readonly string[]; readonly ids?: readonly string[] },
): Promise<void> {
  const rows = await trx
    .selectFrom("revisions")
    .select(["slug", "version", "pruned_at"])
    .where("tenant_id", "=", tenantId)
    .where((any) => any.or([sql<boolean>`workflow_type = any(${types})`, sql<boolean>`id = any(${ids}::uuid[])`]))
    .orderBy("id")
    .forShare()
    .execute();
  const gone = rows.find(({ pruned_at }) => pruned_at !== null);
  if (gone?.pruned_at) {
    const { code, message, hint } = prunedVersion(gone.slug, gone.version, gone.pruned_at);
    throw new RevisionGone(code, message, { hint });
  }
}

/** The same for every content of a version, pruned or not: a pin of it is about to be written. */
export async function holdVersion(
  trx: Transaction<Tables>,
  tenantId: string,
  slug: string,
  version: string,
): Promise<void> {
  await trx
    .selectFrom("revisions")
    .select("id")
    .where("tenant_id", "=", tenantId)
    .where("slug", "=", slug)
    .where("version", "=", version)
    .orderBy("id")
    .forShare()
    .execute();
}
