import { UPDATES } from "@ntro/contract";
import { sql, type Transaction } from "kysely";
import type { Answer } from "../store/answers";
import type { Tables } from "../store/tables";

/**
 * Takes a gate that was just decided off its task's row, so that whoever answered does not see it there until its host reports; the next report puts
 * the row right in any case.
 */
export async function markAnswered(trx: Transaction<Tables>, answer: Answer): Promise<void> {
  if (answer.updateName !== UPDATES.decide) return;
  const task = await trx
    .selectFrom("tasks")
    .select(["gates", "failure"])
    .where("id", "=", answer.taskId)
    .where("closed_at", "is", null)
    .executeTakeFirst();
  if (!task?.gates.some((gate) => gate.token === answer.gate)) return;
  const gates = task.gates.filter((gate) => gate.token !== answer.gate);
  await trx
    .updateTable("tasks")
    .set({
      gates: JSON.stringify(gates),
      ...(gates.length === 0 && task.failure === null ? { status: "IN_PROGRESS" as const } : {}),
      updated_at: sql<Date>`now()`,
    })
    .where("id", "=", answer.taskId)
    .execute();
}
