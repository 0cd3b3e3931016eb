import { deploymentHandlers } from "./deployments";
import { entityHandlers } from "./entities";
import { eventHandlers } from "./events";
import type { Handlers } from "./handler";
import { healthHandlers } from "./health";
import { meHandlers } from "./me";
import { nudgeHandlers } from "./nudges";
import { runbookHandlers } from "./runbooks";
import { tenantHandlers } from "./tenants";
import { workerHandlers } from "./worker";

/** Every route's handler, resource by resource. */
export const handlers: Handlers = {
  ...healthHandlers,
  ...meHandlers,
  ...tenantHandlers,
  ...entityHandlers,
  ...runbookHandlers,
  ...deploymentHandlers,
  ...eventHandlers,
  ...nudgeHandlers,
  ...workerHandlers,
};
