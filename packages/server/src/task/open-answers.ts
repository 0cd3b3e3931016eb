import { NtroError } from "@ntro/contract";
import type { Services } from "../services";
import { openAnswers } from "../store/answers";
import { recentTenants } from "../store/tasks";
import { deliverAnswer, unsettledTenants } from "./answer";

/** Milliseconds after which an answer counts as left behind, not as being given right now. */
const SETTLED_BY = 15_000;

/**
 * Sends answers again that were written but never settled. `everywhere` looks at every tenant that was at work lately, for what an earlier process left behind;
 * otherwise only at those where this process gave answers.
 */
export async function resumeAnswers(services: Services, everywhere: boolean): Promise<void> {
  const { db, log } = services;
  const noted = unsettledTenants(services);
  const tenants = everywhere ? await recentTenants(db) : [...noted];
  for (const tenantId of tenants) {
    try {
      await resumeOfTenant(services, tenantId, everywhere ? 0 : SETTLED_BY);
    } catch (error) {
      // One tenant's database must not keep the answers of the others.
      log.error({ err: error, tenantId }, "a tenant's answers could not be looked at; it is tried again");
    }
  }
}

async function resumeOfTenant(services: Services, tenantId: string, olderThanMs: number): Promise<void> {
  const { tenantDatabases, log } = services;
  const open = await openAnswers(tenantDatabases, tenantId);
  if (open.length === 0) unsettledTenants(services).delete(tenantId);
  else unsettledTenants(services).add(tenantId);
  for (const answer of open) {
    if (Date.now() - answer.createdAt.getTime() < olderThanMs) continue;
    await deliverAnswer(services, tenantId, answer).catch((error: unknown) => {
      if (!(error instanceof NtroError)) throw error;
      log.info({ err: error, taskId: answer.taskId, answer: answer.id }, "an answer was sent again and not taken");
    });
  }
}
