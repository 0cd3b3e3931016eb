import { BASE_ENVIRONMENT, type Desired, taskQueue } from "@ntro/contract";
import type { Db } from "./database";
import { listPending } from "./deployments";
import { hostPlaces, isOf, type Scope, type UsedPlace } from "./host-places";
import { listRepairs, listReplays } from "./host-repairs";

type Host = Desired["tenants"][number]["hosts"][number];

/** A tenant that should have hosts now. */
export interface DesiredTenant {
  readonly id: string;
  readonly slug: string;
  readonly secretsVersion: number;
  readonly hosts: Host[];
}

/** Which hosts should run now, with what each has to know and to do; tenants that need none are left out. */
export async function desiredHosts(db: Db, scope: Scope, idleMs: number): Promise<DesiredTenant[]> {
  const [places, pending, repairs, replays] = await Promise.all([
    hostPlaces(db, scope, idleMs),
    listPending(db, scope),
    listRepairs(db, scope),
    listReplays(db, scope),
  ]);
  const tenants = new Map<string, DesiredTenant>();
  for (const place of places) {
    if (!place.wanted) continue;
    const { tenant_id: id, tenant_slug: slug, secrets_version: secretsVersion } = place;
    const tenant = tenants.get(id) ?? { id, slug, secretsVersion, hosts: [] };
    tenants.set(id, tenant);
    const work = {
      pending: pending.filter(isOf(place)),
      repairs: repairs.filter(isOf(place)),
      replays: replays.filter(isOf(place)),
    };
    tenant.hosts.push(toHost(place, work));
  }
  return [...tenants.values()];
}

/** What a host has to know and to do. */
interface HostWork {
  readonly pending: Awaited<ReturnType<typeof listPending>>;
  readonly repairs: Awaited<ReturnType<typeof listRepairs>>;
  readonly replays: Awaited<ReturnType<typeof listReplays>>;
}

function toHost(place: UsedPlace, { pending, repairs, replays }: HostWork): Host {
  const { tenant_slug, language, environment, requirements } = place;
  return {
    language,
    queue: taskQueue(tenant_slug, language, environment),
    environment:
      language === "python" ? { name: environment ?? BASE_ENVIRONMENT, requirements: requirements?.lines ?? [] } : null,
    deployments: pending.map(({ id, slug, version, digest, dry_run }) => ({
      id,
      slug,
      version,
      digest,
      dryRun: dry_run,
    })),
    repairs: repairs.map(({ workflowId, number, type }) => ({ workflowId, number, type })),
    replays: replays.map(({ id, workflowId, type }) => ({ id, workflowId, type })),
  };
}
