import { reviewTables } from "@ntro/contract";
import type { Context } from "../context";
import { parseCorrection } from "./correction";
import { chooseReview, openGates } from "./open-review";

/** A decision as it was typed. */
export interface DecisionFlags {
  readonly decision: "approve" | "reject";
  readonly correct: readonly string[];
  readonly reason?: string | undefined;
  readonly gate?: string | undefined;
}

/** Reads what is asked, says what is decided, and sends the decision with that gate's token: should another gate be open by then, it is refused. */
export async function decide(context: Context, taskId: string, flags: DecisionFlags): Promise<0> {
  const { out } = context;
  const corrections = flags.correct.map(parseCorrection);
  const api = await context.client();
  const route = flags.decision === "approve" ? "tasks.approve" : "tasks.reject";
  const next = await api.call("tasks.nextStep", { params: { id: taskId } });
  // Who answered a gate that is no longer open, and when, only the server knows: it refuses.
  if (flags.gate !== undefined && !openGates(next).some(({ token }) => token === flags.gate))
    await api.call(route, { params: { id: taskId }, body: { gate: flags.gate } });
  const gate = chooseReview(next, taskId, flags.gate);
  const lines = reviewTables(gate).reduce((sum, table) => sum + table.rows.length, 0);
  const what = `"${gate.title}" (step ${gate.step_id}${lines > 0 ? `, ${lines} lines` : ""})`;
  const changes = corrections.length === 1 ? " with 1 correction" : ` with ${corrections.length} corrections`;
  out.say(
    `${flags.decision === "approve" ? "Approving" : "Rejecting"} ${what}${corrections.length > 0 ? changes : ""}…`,
  );
  context.onInterrupt(() => ["", `It may have been taken already. See it: ntro run status ${taskId}`]);
  const body = {
    gate: gate.token,
    ...(flags.reason === undefined ? {} : { reason: flags.reason }),
    ...(corrections.length > 0 ? { corrections } : {}),
  };
  const task = await api.call(route, { params: { id: taskId }, body });
  out.success(`${flags.decision === "approve" ? "Approved" : "Rejected"}: ${gate.title}.`);
  // Not the whole task: it was answered before its code took the decision.
  out.record(task, [
    ["task", task.id],
    ["title", task.title],
    ["decided", `${flags.decision === "approve" ? "approved" : "rejected"} "${gate.title}"`],
    ["corrections", corrections.map(({ line, field, value }) => `${line} ${field} = ${String(value)}`).join("\n")],
    ["reason", flags.reason],
  ]);
  out.say(`Watch it go on: ntro run status ${taskId} --wait`);
  return 0;
}
