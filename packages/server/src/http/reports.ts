import { takeReports } from "../task/report";
import type { Handlers } from "./handler";

export const reportHandlers: Pick<Handlers, "worker.report"> = {
  "worker.report": async (services, { caller, body }) => {
    await takeReports(services, caller, body.reports);
    return { ok: true };
  },
};
