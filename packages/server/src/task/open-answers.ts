import { NtroError } from "@ntro/contract";
import type { Services } from "../services";
import { openAnswers } from "../store/answers";
import { deliverAnswer, unsettledTenants } from "./answer";

/** Milliseconds after which an answer counts as left behind, not as being given right now. */
const SETTLED_BY = 15_000;

/**
 * Sends answers again that were written but never settled. `everywhere` looks at every tenant with open tasks, for what an earlier process left behind;
 * otherwise only at those where this process gave answers.
 */
export async function resumeAnswers(services: Services, everywhere: boolean): Promise<void> {
  const { db, tenantDatabases, log } = services;
  const noted = unsettledTenants(services);
  const tenants = everywhere
    ? (await db.selectFrom("tasks").select("tenant_id").distinct().where("closed_at", "is", null).execute()).map(
        (row) => row.tenant_id,
      )
    : [...noted];
  for (const tenantId of tenants) {
    const open = await openAnswers(tenantDatabases, tenantId);
    if (open.length === 0) noted.delete(tenantId);
    else noted.add(tenantId);
    for (const answer of open) {
      if (!everywhere && Date.now() - answer.createdAt.getTime() < SETTLED_BY) continue;
      await deliverAnswer(services, tenantId, answer).catch((error: unknown) => {
        if (!(error instanceof NtroError)) throw error;
        log.info({ err: error, taskId: answer.taskId, answer: answer.id }, "an answer was sent again and not taken");
      });
    }
  }
}
