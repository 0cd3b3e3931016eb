import { ingestData } from "../task/ingest";
import type { Handlers } from "./handler";

export const dataHandlers: Pick<Handlers, "tasks.ingestData"> = {
  "tasks.ingestData": async (services, { caller, params, body }) => ingestData(services, caller, params.id, body),
};
