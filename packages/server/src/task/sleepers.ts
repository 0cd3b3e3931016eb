import { taskQueue } from "@ntro/contract";
import type { Services } from "../services";
import { wakeTenants } from "../store/awake";
import { hostPlaces } from "../store/host-places";
import type { Duty } from "../upkeep";

/** Milliseconds between two looks. */
const EVERY = 5_000;
/** Queues looked at each time, so that many sleeping tenants are no load for Temporal; the others follow the next time. */
const AT_ONCE = 20;

/**
 * Wakes tenants that sleep with open tasks when Temporal has work for them that did not come through the server: a timer (a gate that is open too long), a signal by somebody's own client, an activity
 * that is tried again. Requests wake them by themselves.
 */
export function wakeSleepersDuty(services: Services): Duty {
  let after = "";
  return {
    name: "wake sleeping tenants for which Temporal has work",
    every: EVERY,
    run: async () => {
      after = await wakeSleepers(services, after);
    },
  };
}

/** Looks at some of the queues that open tasks may come to and that no host serves, after the one given; gives the one to go on after. */
async function wakeSleepers({ db, engine, settings }: Services, after: string): Promise<string> {
  const sleeping = (await hostPlaces(db, null, settings.idleMs))
    .filter(({ wanted }) => !wanted)
    .map((place) => ({
      tenantId: place.tenant_id,
      queue: taskQueue(place.tenant_slug, place.language, place.environment),
    }))
    .sort((one, other) => (one.queue < other.queue ? -1 : 1));
  const turn = sleeping.filter(({ queue }) => queue > after).slice(0, AT_ONCE);
  const found = await Promise.all(
    turn.map(async (place) => ({ ...place, waits: await engine.hasBacklog(place.queue) })),
  );
  const tenants = new Set(found.filter(({ waits }) => waits).map(({ tenantId }) => tenantId));
  if (tenants.size > 0) await wakeTenants(db, [...tenants]);
  return turn.length === AT_ONCE ? (turn.at(-1)?.queue ?? "") : "";
}
