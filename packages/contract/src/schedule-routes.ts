import * as z from "zod";
import { inTenant, listOf, page, route } from "./route";
import {
  LedgerEntry,
  LedgerOutcome,
  PauseSchedule,
  PreviewCount,
  PreviewQuery,
  Schedule,
  ScheduleDetail,
  SchedulePreview,
  TriggerSchedule,
} from "./schedule";
import { Task } from "./task";

/** Schedules of workflows. `:id` is a workflow's id, its name, or a runbook's slug that only one workflow answers to. */
export const SCHEDULE_ROUTES = {
  "schedules.list": route({
    method: "GET",
    path: "/workspace/schedules",
    permission: "read",
    query: z.object({ ...inTenant, entity: z.string().optional(), ...page }),
    answer: listOf(Schedule),
  }),
  "schedules.get": route({
    method: "GET",
    path: "/workspace/schedules/:id",
    permission: "read",
    answer: ScheduleDetail,
  }),
  "schedules.pause": route({
    method: "POST",
    path: "/workspace/schedules/:id/pause",
    permission: "build",
    body: PauseSchedule,
    answer: Schedule,
  }),
  "schedules.resume": route({
    method: "POST",
    path: "/workspace/schedules/:id/resume",
    permission: "build",
    answer: Schedule,
  }),
  "schedules.trigger": route({
    method: "POST",
    path: "/workspace/schedules/:id/trigger",
    permission: "run",
    body: TriggerSchedule,
    answer: Task,
    creates: true,
  }),
  "schedules.preview": route({
    method: "GET",
    path: "/workspace/schedules/:id/preview",
    permission: "read",
    query: z.object({ count: PreviewCount }),
    answer: SchedulePreview,
  }),
  /** Of a schedule that no workflow has. */
  "schedules.previewAny": route({
    method: "GET",
    path: "/workspace/schedule-preview",
    permission: "read",
    query: PreviewQuery,
    answer: SchedulePreview,
  }),
  /** Newest first; times that are due at the head of the first page. That of a deleted workflow is found by its id. */
  "schedules.ledger": route({
    method: "GET",
    path: "/workspace/schedules/:id/ledger",
    permission: "read",
    query: z.object({
      from: z.iso.datetime({ offset: true }).optional(),
      /** Itself included. */
      to: z.iso.datetime({ offset: true }).optional(),
      outcome: LedgerOutcome.optional(),
      ...page,
    }),
    answer: listOf(LedgerEntry),
  }),
} as const;
