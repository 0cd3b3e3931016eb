import { NtroError } from "@ntro/contract";
import * as z from "zod";
import { mayTouch } from "../core/access";
import { findReplay, putReplayReport } from "../store/repair-checks";
import type { Handlers } from "./handler";

export const replayHandlers: Pick<Handlers, "worker.reportReplay"> = {
  "worker.reportReplay": async ({ db }, { caller, params, body }) => {
    const replay = z.uuid().safeParse(params.id).success ? await findReplay(db, params.id) : undefined;
    if (!replay || !mayTouch(caller, replay.tenant_id))
      throw new NtroError("REPAIR_NOT_FOUND", `Nobody waits for the replay ${params.id}.`);
    await putReplayReport(db, params.id, body);
    return { ok: true };
  },
};
