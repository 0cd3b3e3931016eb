import * as z from "zod";
import { Backfill, BackfillPlan, BackfillStep, CreateBackfill } from "./backfill";
import { Period } from "./names";
import { inTenant, listOf, Ok, page, route } from "./route";

/** Backfills, and what the control workflow of one asks for. */
export const BACKFILL_ROUTES = {
  "backfills.create": route({
    method: "POST",
    path: "/workspace/backfills",
    permission: "run",
    body: CreateBackfill,
    answer: Backfill,
    creates: true,
  }),
  /** What it would do, everything checked and nothing changed. */
  "backfills.plan": route({
    method: "POST",
    path: "/workspace/backfills/plan",
    permission: "run",
    body: CreateBackfill,
    answer: BackfillPlan,
  }),
  /** Newest first. */
  "backfills.list": route({
    method: "GET",
    path: "/workspace/backfills",
    permission: "read",
    query: z.object({ ...inTenant, ...page }),
    answer: listOf(Backfill),
  }),
  "backfills.get": route({ method: "GET", path: "/workspace/backfills/:id", permission: "read", answer: Backfill }),
  /** Starts no further period; tasks that run go on. */
  "backfills.cancel": route({
    method: "POST",
    path: "/workspace/backfills/:id/cancel",
    permission: "run",
    answer: Backfill,
  }),
  "worker.backfillPeriod": route({
    method: "POST",
    path: "/internal/backfills/:id/periods/:period",
    permission: "worker",
    answer: BackfillStep,
  }),
  /** Whether a task has ended, or the backfill that waits for it; answered when it has, or after 20 s. */
  "worker.backfillWait": route({
    method: "GET",
    path: "/internal/backfills/:id/tasks/:task",
    permission: "worker",
    answer: z.object({ ended: z.boolean() }),
  }),
  "worker.backfillEnd": route({
    method: "POST",
    path: "/internal/backfills/:id/end",
    permission: "worker",
    answer: Ok,
  }),
} as const;

/** What the activities of a backfill's control workflow are given. */
export const BackfillActivity = {
  startPeriod: z.object({ backfillId: z.uuid(), period: Period }),
  awaitTask: z.object({ backfillId: z.uuid(), taskId: z.uuid() }),
  finish: z.object({ backfillId: z.uuid() }),
} as const;
