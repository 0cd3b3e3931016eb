import { backfillHandlers } from "./backfills";
import { dataHandlers } from "./data";
import { deploymentHandlers } from "./deployments";
import { dispatchHandlers } from "./dispatch";
import { entityHandlers } from "./entities";
import { eventHandlers } from "./events";
import { fileHandlers } from "./files";
import type { Handlers } from "./handler";
import { healthHandlers } from "./health";
import { meHandlers } from "./me";
import { nudgeHandlers } from "./nudges";
import { reasoningHandlers } from "./reasoning";
import { repairHandlers } from "./repairs";
import { reportHandlers } from "./reports";
import { runbookHandlers } from "./runbooks";
import { scheduleHandlers } from "./schedules";
import { secretHandlers } from "./secrets";
import { taskHandlers } from "./tasks";
import { tenantHandlers } from "./tenants";
import { versionHandlers } from "./versions";
import { workerHandlers } from "./worker";
import { workflowHandlers } from "./workflows";

/** Every route's handler, resource by resource. */
export const handlers: Handlers = {
  ...healthHandlers,
  ...meHandlers,
  ...tenantHandlers,
  ...entityHandlers,
  ...runbookHandlers,
  ...deploymentHandlers,
  ...versionHandlers,
  ...eventHandlers,
  ...nudgeHandlers,
  ...workerHandlers,
  ...reportHandlers,
  ...repairHandlers,
  ...dispatchHandlers,
  ...workflowHandlers,
  ...scheduleHandlers,
  ...taskHandlers,
  ...fileHandlers,
  ...dataHandlers,
  ...reasoningHandlers,
  ...secretHandlers,
  ...backfillHandlers,
};
