import * as z from "zod";
import { CheckOpenTasks, Repair, RepairTask } from "./repair";
import { route } from "./route";

/** Seconds that an answer is waited for; what is not settled by then is answered as it is. */
const wait = z.object({ wait: z.coerce.number().min(0).max(60).default(25) });

/** Letting tasks in flight go on with other code. */
export const REPAIR_ROUTES = {
  /** Tries the task's history on another revision and, when it fits, goes on with that. Answers 409 `REPAIR_REFUSED` when it does not fit, unless only a check was asked for. */
  "repairs.create": route({
    method: "POST",
    path: "/workspace/tasks/:id/repair",
    permission: "build",
    query: wait,
    body: RepairTask,
    answer: Repair,
    creates: true,
  }),
  /** Whether each open task and child of a runbook could go on with a version; changes nothing. */
  "repairs.checkOpen": route({
    method: "POST",
    path: "/runbooks/:slug/repair-check",
    permission: "build",
    query: wait,
    body: CheckOpenTasks,
    answer: Repair,
    creates: true,
  }),
  /** How a repair stands, once it is settled or so many seconds have gone by. */
  "repairs.get": route({
    method: "GET",
    path: "/workspace/repairs/:id",
    permission: "read",
    query: wait,
    answer: Repair,
  }),
} as const;
