import * as z from "zod";
import { ReplayReport } from "./repair";
import { Ok, route } from "./route";
import {
  Build,
  DeploymentReport,
  Desired,
  Dispatch,
  DispatchAnswer,
  HeldRevisions,
  Reports,
  RevisionContent,
} from "./worker";

/** What workers and hosts ask the server and tell it. */
export const WORKER_ROUTES = {
  "worker.desired": route({ method: "GET", path: "/internal/worker/desired", permission: "worker", answer: Desired }),
  /** One event `changed` whenever {@link Desired} may have changed. */
  "worker.nudges": route({ method: "GET", path: "/internal/worker/nudges", permission: "worker", answer: "stream" }),
  "worker.reportDeployment": route({
    method: "POST",
    path: "/internal/deployments/:id",
    permission: "worker",
    body: DeploymentReport,
    answer: Ok,
  }),
  "worker.getRevision": route({
    method: "GET",
    path: "/internal/tenants/:tenant/revisions/:type",
    permission: "worker",
    answer: RevisionContent,
  }),
  "worker.putBuild": route({
    method: "PUT",
    path: "/internal/tenants/:tenant/revisions/:type/build",
    permission: "worker",
    body: Build,
    answer: Ok,
  }),
  "worker.prunedRevisions": route({
    method: "POST",
    path: "/internal/worker/pruned",
    permission: "worker",
    body: HeldRevisions,
    answer: HeldRevisions,
  }),
  "worker.getPrelude": route({
    method: "GET",
    path: "/internal/preludes/:digest",
    permission: "worker",
    answer: z.object({ code: z.string() }),
  }),
  "worker.putPrelude": route({
    method: "PUT",
    path: "/internal/preludes/:digest",
    permission: "worker",
    body: z.strictObject({ code: z.string() }),
    answer: Ok,
  }),
  "worker.report": route({
    method: "POST",
    path: "/internal/reports",
    permission: "worker",
    body: Reports,
    answer: Ok,
  }),
  /** What a host tells of a replay it was asked for. One that is not waited for any more changes nothing. */
  "worker.reportReplay": route({
    method: "POST",
    path: "/internal/replays/:id",
    permission: "worker",
    body: ReplayReport,
    answer: Ok,
  }),
  "worker.dispatch": route({
    method: "POST",
    path: "/internal/dispatch",
    permission: "worker",
    body: Dispatch,
    answer: DispatchAnswer,
  }),
} as const;
