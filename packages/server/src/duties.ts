import { PLATFORM_ACTOR } from "./core/access";
import { failAbandonedDeployments } from "./deploy";
import { removeEndedDryRuns } from "./dry-runs";
import { removePrunedContent } from "./prune";
import { scheduleDuties } from "./schedule/settle";
import type { Services } from "./services";
import { forgetOldAnswers } from "./store/idempotency";
import { backfillDuty } from "./task/backfill";
import { taskDuties } from "./task/recover";
import { repairDuty } from "./task/repair-duty";
import { wakeSleepersDuty } from "./task/sleepers";
import { resumeTenants, upgradeTenants } from "./tenant-lifecycle";
import type { Duty } from "./upkeep";

/** Everything the server does again and again by itself. */
export function duties(services: Services): readonly Duty[] {
  return [
    {
      name: "go on with tenants being set up or taken down",
      every: 30_000,
      run: () => resumeTenants(services, PLATFORM_ACTOR),
    },
    { name: "bring tenants' databases to the present schema", every: 60_000, run: () => upgradeTenants(services) },
    { name: "fail deployments no worker took", every: 30_000, run: () => failAbandonedDeployments(services.db) },
    { name: "remove ended dry runs", every: 60_000, run: () => removeEndedDryRuns(services) },
    { name: "remove the content of pruned revisions", every: 60_000, run: () => removePrunedContent(services) },
    { name: "forget old idempotent answers", every: 3_600_000, run: () => forgetOldAnswers(services.db) },
    wakeSleepersDuty(services),
    ...scheduleDuties(services),
    repairDuty(services),
    ...taskDuties(services),
    backfillDuty(services),
  ];
}
