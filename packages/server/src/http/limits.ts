import type { RouteName } from "@ntro/contract";

const MIB = 1024 * 1024;

/** Bytes of a JSON body where a route does not say otherwise. */
const DEFAULT_BODY = MIB;

/** Routes whose bodies may be larger. A bundle over its own limit still arrives, so that the answer can name what is too large. */
const BODIES: Partial<Record<RouteName, number>> = {
  "runbooks.deploy": 32 * MIB,
  "worker.putBuild": 64 * MIB,
  "worker.putPrelude": 16 * MIB,
  "worker.report": 16 * MIB,
  "worker.reportDeployment": 8 * MIB,
  "tasks.approve": 8 * MIB,
  "tasks.reject": 8 * MIB,
};

/** How many bytes of body a route takes. */
export function bodyLimit(route: RouteName): number {
  return BODIES[route] ?? DEFAULT_BODY;
}
