import * as z from "zod";
import { ReasoningEntry, ReasoningEvent } from "./reasoning";
import { inTenant, listOf, Ok, page, route } from "./route";
import {
  CancelTask,
  CreateTask,
  DecideTask,
  IngestAnswer,
  IngestData,
  LogEntry,
  NextStep,
  RowAction,
  SubmitFileAnswer,
  Task,
  TaskStatus,
} from "./task";

/** Starting, watching and answering tasks. */
export const TASK_ROUTES = {
  "tasks.create": route({
    method: "POST",
    path: "/workspace/tasks",
    permission: "run",
    body: CreateTask,
    answer: Task,
    creates: true,
  }),
  "tasks.list": route({
    method: "GET",
    path: "/workspace/tasks",
    permission: "read",
    query: z.object({ status: TaskStatus.optional(), ...inTenant, entity: z.string().optional(), ...page }),
    answer: listOf(Task),
  }),
  "tasks.get": route({ method: "GET", path: "/workspace/tasks/:id", permission: "read", answer: Task }),
  "tasks.nextStep": route({
    method: "GET",
    path: "/workspace/tasks/:id/next-step",
    permission: "read",
    answer: NextStep,
  }),
  "tasks.logs": route({
    method: "GET",
    path: "/workspace/tasks/:id/logs",
    permission: "read",
    query: z.object(page),
    answer: listOf(LogEntry),
  }),
  "tasks.approve": route({
    method: "POST",
    path: "/workspace/tasks/:id/approve",
    permission: "decide",
    body: DecideTask,
    answer: Task,
  }),
  "tasks.reject": route({
    method: "POST",
    path: "/workspace/tasks/:id/reject",
    permission: "decide",
    body: DecideTask,
    answer: Task,
  }),
  "tasks.rowAction": route({
    method: "POST",
    path: "/workspace/tasks/:id/row-action",
    permission: "decide",
    body: RowAction,
    answer: Ok,
  }),
  /** Form fields: `file`, and `gate` and `source` where the task waits for several. */
  "tasks.submitFile": route({
    method: "POST",
    path: "/workspace/tasks/:id/files",
    permission: "decide",
    answer: SubmitFileAnswer,
    multipart: true,
  }),
  /** Rows as data, to the workflow that takes them: the task, or the child whose gate asks for data. */
  "tasks.ingestData": route({
    method: "POST",
    path: "/tasks/:id/data/ingest",
    permission: "decide",
    body: IngestData,
    answer: IngestAnswer,
  }),
  /** What an activity's model thinks aloud; the published SDK sends it. */
  "tasks.addReasoning": route({
    method: "POST",
    path: "/tasks/:id/events",
    permission: "tell",
    body: ReasoningEvent,
    answer: Ok,
  }),
  /** The last of what activities' models thought aloud, oldest first; `since` leaves out those up to a `seq` of an earlier answer. */
  "tasks.listReasoning": route({
    method: "GET",
    path: "/tasks/:id/events",
    permission: "read",
    query: z.object({ since: z.coerce.number().int().min(0).default(0) }),
    answer: listOf(ReasoningEntry),
  }),
  "tasks.cancel": route({
    method: "POST",
    path: "/workspace/tasks/:id/cancel",
    permission: "run",
    body: CancelTask,
    answer: Task,
  }),
  "schedule.list": route({
    method: "GET",
    path: "/workspace/schedule",
    permission: "read",
    query: z.object({ workflowId: z.string().optional(), ...page }),
    answer: listOf(Task),
  }),
} as const;
