import { sql } from "kysely";
import type { Services } from "../services";
import { isWorkerSeen } from "../store/worker-presence";
import type { Handlers } from "./handler";

/** Milliseconds a part has to answer. */
const PATIENCE = 2_000;

export const healthHandlers: Pick<Handlers, "health"> = {
  health: async (services) => {
    const [postgres, temporal, worker] = await Promise.all([
      answers(postgresAnswers(services)),
      answers(services.engine.healthy()),
      answers(isWorkerSeen(services.db)),
    ]);
    return {
      status: postgres && temporal && worker ? "ok" : "degraded",
      version: services.version,
      postgres,
      temporal,
      worker,
    };
  },
};

async function postgresAnswers({ db }: Services): Promise<boolean> {
  await sql`select 1`.execute(db);
  return true;
}

/** False also when there is no answer in time. */
async function answers(part: Promise<boolean>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), PATIENCE);
  });
  try {
    return await Promise.race([part.catch(() => false), late]);
  } finally {
    clearTimeout(timer);
  }
}
