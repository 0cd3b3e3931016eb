import type { Database, Documents, Storage } from "@ntro/runbook";

/** What a host hands to activities; all of it is the tenant's alone. */
export interface Capabilities {
  readonly db: Database;
  readonly documents: Documents;
  readonly storage: Storage;
}
