import type { Kysely } from "kysely";
import type { Logger } from "pino";
import type { Engine } from "./engine/engine";
import type { Settings } from "./settings";
import type { EventBus } from "./store/event-bus";
import type { Tables } from "./store/tables";
import type { TenantDatabases } from "./store/tenant-databases";

/** What every handler works with; made once at start. */
export interface Services {
  readonly settings: Settings;
  /** The one organisation this platform belongs to. */
  readonly orgId: string;
  /** Of the product, for `/health`. */
  readonly version: string;
  /** The workspace database: metadata only. */
  readonly db: Kysely<Tables>;
  /** The tenants' own databases: bundles, documents, answers, results. */
  readonly tenantDatabases: TenantDatabases;
  /** The port to Temporal. */
  readonly engine: Engine;
  /** Live events, across server processes. */
  readonly events: EventBus;
  readonly log: Logger;
}
