import { randomUUID } from "node:crypto";
import type { NtroClient, Repair, RepairTask } from "@ntro/contract";
import type { ExitCode } from "../command";
import type { Context } from "../context";
import { persist } from "../persist";
import { formatRepair, repairSummary } from "./repair-view";

/** How long a server that goes away meanwhile is waited for, in milliseconds. */
const PATIENCE_MS = 30_000;
/** Seconds of one request for a repair that is not settled yet. */
const WAIT_S = 20;

/** Repairs a task, or only reports whether that would fit; follows it until it is settled. */
export async function repairTask(context: Context, task: string, body: RepairTask): Promise<ExitCode> {
  const api = await context.client();
  const idempotencyKey = randomUUID();
  const asked = await persist(
    () => api.call("repairs.create", { params: { id: task }, query: { wait: 0 }, body, idempotencyKey }),
    PATIENCE_MS,
  );
  return conclude(context, await follow(context, api, asked));
}

/** Reports for every open task and child of a runbook whether it could go on with a version. */
export async function checkOpenTasks(
  context: Context,
  slug: string,
  tenantSlug: string,
  to: string | undefined,
): Promise<ExitCode> {
  const api = await context.client();
  const body = { tenantSlug, ...(to === undefined ? {} : { to }) };
  const idempotencyKey = randomUUID();
  const asked = await persist(
    () => api.call("repairs.checkOpen", { params: { slug }, query: { wait: 0 }, body, idempotencyKey }),
    PATIENCE_MS,
  );
  return conclude(context, await follow(context, api, asked));
}

/** Waits until a repair is settled, over restarts of the server. */
async function follow({ out, onInterrupt }: Context, api: NtroClient, asked: Repair): Promise<Repair> {
  let repair = asked;
  const { id } = asked;
  onInterrupt(() => ["", "It may still be applied. See it: ntro run status <task>"]);
  const waiting = asked.checks.filter(({ status }) => status === "waiting").length;
  if (waiting > 0) out.say(`Trying ${waiting === 1 ? "its history" : `${waiting} histories`} on the new code…`);
  while (repair.status === "checking")
    repair = await persist(
      () => api.call("repairs.get", { params: { id }, query: { wait: WAIT_S } }),
      PATIENCE_MS,
      () => out.warn("The connection is lost, reconnecting…"),
    );
  return repair;
}

function conclude({ out }: Context, repair: Repair): ExitCode {
  out.data(repair, () => formatRepair(repair, out));
  for (const notice of repair.notices) out.warn(notice);
  const { verdict, text, next } = repairSummary(repair);
  if (verdict === "yes") out.success(text);
  else out.say(`${out.colourOfMessages.red("✗")} ${text}`);
  for (const line of next) out.say(`  ${out.colourOfMessages.dim("→")} ${line}`);
  return EXIT[verdict];
}

const EXIT = { yes: 0, no: 1, untried: 4 } as const;
