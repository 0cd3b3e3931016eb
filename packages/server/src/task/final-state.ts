import { NtroError } from "@ntro/contract";
import type { Services } from "../services";
import { putFinalState, recordsWithoutState } from "../store/task-records";
import { recentTenants } from "../store/tasks";

/** Milliseconds for one look at the state a task ended in; its host may be gone by now. */
const DEADLINE = 3_000;
/** How many tasks of a tenant may not answer until the rest is left for later. */
const PATIENCE = 3;

const ended = new WeakMap<Services["tenantDatabases"], Set<string>>();

/** Tenants in which this process has ended tasks since their final states were last kept. */
export function tenantsWithEnded({ tenantDatabases }: Services): Set<string> {
  const tenants = ended.get(tenantDatabases) ?? new Set<string>();
  ended.set(tenantDatabases, tenants);
  return tenants;
}

/**
 * Keeps the state that tasks ended in, with what was shown and returned at each step: Temporal forgets it. Not done when a task ends, as the question makes
 * its host replay it, which would slow down the tasks that are at work. Best effort: a host that is gone is not started for it.
 * @param everywhere also look where earlier processes have ended tasks
 */
export async function keepFinalStates(services: Services, everywhere: boolean): Promise<void> {
  const noted = tenantsWithEnded(services);
  const tenants = new Set([...noted, ...(everywhere ? await recentTenants(services.db) : [])]);
  noted.clear();
  for (const tenantId of tenants)
    await keepOfTenant(services, tenantId).catch((error: unknown) =>
      services.log.warn({ err: error, tenantId }, "the states a tenant's tasks ended in could not be kept"),
    );
}

async function keepOfTenant({ engine, tenantDatabases, log }: Services, tenantId: string): Promise<void> {
  let silent = 0;
  for (const taskId of await recordsWithoutState(tenantDatabases, tenantId)) {
    try {
      await putFinalState(tenantDatabases, tenantId, taskId, await engine.state(taskId, DEADLINE));
    } catch (error) {
      if (!(error instanceof NtroError)) throw error;
      log.debug({ err: error, taskId }, "the state a task ended in could not be kept");
      if (++silent === PATIENCE) return;
    }
  }
}
