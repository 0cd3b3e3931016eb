import type { NtroClient, ReplayReport, WantedReplay } from "@ntro/contract";
import type { NativeConnection } from "@temporalio/worker";
import type { Logger } from "pino";
import { WORKFLOW_THREAD } from "../installation";
import { replayHistory } from "./mux";
import { readHistory } from "./read-history";
import { unfitReport } from "./replay-report";
import type { Revisions } from "./revisions";
import { sourceLine } from "./source-line";

/** What replays need of their host. */
interface ReplayParts {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly revisions: Pick<Revisions, "load">;
  readonly client: NtroClient;
  readonly log: Logger;
}

/** Tries histories on the code of other revisions, one at a time: each takes a thread of its own. */
export class Replays {
  #last: Promise<void> = Promise.resolve();

  constructor(private readonly parts: ReplayParts) {}

  /** Tries one when those before it are done, and reports it. A report that the server does not take is left to be asked for again. Never rejects. */
  run(wanted: WantedReplay): Promise<void> {
    const run = this.#last.then(() => this.#run(wanted));
    this.#last = run;
    return run;
  }

  async #run(wanted: WantedReplay): Promise<void> {
    const { client, log } = this.parts;
    const body = await this.#try(wanted).catch((error: unknown): ReplayReport => {
      log.warn({ ...wanted, error: String(error) }, "a history could not be tried");
      return { status: "failed", message: error instanceof Error ? error.message : String(error) };
    });
    await client.call("worker.reportReplay", { params: { id: wanted.id }, body }).catch((error: unknown) => {
      log.warn({ ...wanted, error: String(error) }, "the server did not take the report of a replay");
    });
  }

  async #try({ workflowId, type }: WantedReplay): Promise<ReplayReport> {
    const { connection, namespace, revisions } = this.parts;
    const { revision, dir } = await revisions.load(type);
    const history = await readHistory(connection, namespace, workflowId);
    const outcome = await replayHistory({ revision, history, workflowId, threadScript: WORKFLOW_THREAD });
    if (outcome.status === "unfit")
      return unfitReport(outcome, history, revision, (path, line) => sourceLine(dir, path, line));
    return { status: "fits", events: Number(history.events?.at(-1)?.eventId ?? 0) };
  }
}
