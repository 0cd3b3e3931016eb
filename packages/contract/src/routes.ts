import * as z from "zod";
import { CreateEntity, Entity } from "./entity";
import { Health, Me } from "./me";
import type { Permission } from "./permissions";
import {
  DeployAnswer,
  Deployment,
  DeployRunbook,
  PromoteRunbook,
  RunbookDetail,
  RunbookSummary,
  RunbookVersion,
} from "./runbook";
import {
  CancelTask,
  CreateTask,
  DecideTask,
  LogEntry,
  NextStep,
  RowAction,
  SubmitFileAnswer,
  Task,
  TaskStatus,
} from "./task";
import { CreateTenant, Tenant, TenantStatus, UpdateConfig } from "./tenant";
import { Build, DeploymentReport, Desired, Dispatch, DispatchAnswer, Reports, RevisionContent } from "./worker";
import { CreateWorkflow, PutWorkflow, PutWorkflowAnswer, UpdateWorkflow, Workflow, WorkflowPlan } from "./workflow";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** A route: what it is called, what it takes and answers, and the permission it asks for (`null`: open to anybody). */
export interface Route {
  readonly method: Method;
  /** Below `/v1`; `:name` marks a parameter. */
  readonly path: string;
  readonly permission: Permission | null;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** `none` answers 204; `stream` is server-sent events; `multipart` takes form data with one file. */
  readonly answer: z.ZodType | "none" | "stream";
  readonly multipart?: true;
  /** A POST that creates: takes an Idempotency-Key. */
  readonly creates?: true;
}

const route = <const R extends Route>(definition: R): R => definition;

const page = { limit: z.coerce.number().int().min(1).max(500).default(100), cursor: z.string().optional() };
const listOf = <T extends z.ZodType>(item: T) => z.array(item);
const inTenant = { tenant: z.string().optional() };
const Ok = z.object({ ok: z.literal(true) });

/** Every route of the platform. The server registers exactly these; clients and the permission check read the same table. */
export const ROUTES = {
  health: route({ method: "GET", path: "/health", permission: null, answer: Health }),
  me: route({ method: "GET", path: "/me", permission: "self", answer: Me }),

  "tenants.list": route({
    method: "GET",
    path: "/workspace/tenants",
    permission: "read",
    query: z.object({ status: TenantStatus.optional(), ...page }),
    answer: listOf(Tenant),
  }),
  "tenants.create": route({
    method: "POST",
    path: "/workspace/tenants",
    permission: "admin",
    body: CreateTenant,
    answer: Tenant,
    creates: true,
  }),
  "tenants.get": route({ method: "GET", path: "/workspace/tenants/:tenant", permission: "read", answer: Tenant }),
  "tenants.update": route({
    method: "PATCH",
    path: "/workspace/tenants/:tenant",
    permission: "build",
    body: UpdateConfig,
    answer: Tenant,
  }),
  "tenants.delete": route({
    method: "DELETE",
    path: "/workspace/tenants/:tenant",
    permission: "admin",
    answer: Tenant,
  }),

  "entities.listAll": route({
    method: "GET",
    path: "/workspace/entities",
    permission: "read",
    query: z.object(page),
    answer: listOf(Entity),
  }),
  "entities.list": route({
    method: "GET",
    path: "/workspace/tenants/:tenant/entities",
    permission: "read",
    query: z.object(page),
    answer: listOf(Entity),
  }),
  "entities.create": route({
    method: "POST",
    path: "/workspace/tenants/:tenant/entities",
    permission: "build",
    body: CreateEntity,
    answer: Entity,
    creates: true,
  }),
  "entities.get": route({
    method: "GET",
    path: "/workspace/tenants/:tenant/entities/:entity",
    permission: "read",
    answer: Entity,
  }),
  "entities.update": route({
    method: "PATCH",
    path: "/workspace/tenants/:tenant/entities/:entity",
    permission: "build",
    body: UpdateConfig,
    answer: Entity,
  }),
  "entities.tasks": route({
    method: "GET",
    path: "/workspace/tenants/:tenant/entities/:entity/tasks",
    permission: "read",
    query: z.object(page),
    answer: listOf(Task),
  }),

  "runbooks.list": route({
    method: "GET",
    path: "/runbooks",
    permission: "read",
    query: z.object({ search: z.string().optional(), ...inTenant, ...page }),
    answer: listOf(RunbookSummary),
  }),
  "runbooks.get": route({
    method: "GET",
    path: "/runbooks/:slug",
    permission: "read",
    query: z.object(inTenant),
    answer: RunbookDetail,
  }),
  "runbooks.versions": route({
    method: "GET",
    path: "/runbooks/:slug/versions",
    permission: "read",
    query: z.object(inTenant),
    answer: listOf(RunbookVersion),
  }),
  /** `wait`: seconds to wait for the deployment to end, 0 to 25. */
  "runbooks.deploy": route({
    method: "POST",
    path: "/runbooks/:slug/deploy",
    permission: "build",
    query: z.object({ wait: z.coerce.number().min(0).max(25).default(25) }),
    body: DeployRunbook,
    answer: DeployAnswer,
    creates: true,
  }),
  "runbooks.promote": route({
    method: "POST",
    path: "/runbooks/:slug/promote",
    permission: "build",
    body: PromoteRunbook,
    answer: RunbookVersion,
  }),
  "deployments.get": route({ method: "GET", path: "/deployments/:id", permission: "read", answer: Deployment }),

  "workflows.list": route({
    method: "GET",
    path: "/workspace/registry/workflows",
    permission: "read",
    query: z.object({ ...inTenant, entity: z.string().optional(), ...page }),
    answer: listOf(Workflow),
  }),
  "workflows.create": route({
    method: "POST",
    path: "/workspace/registry/workflows",
    permission: "build",
    body: CreateWorkflow,
    answer: Workflow,
    creates: true,
  }),
  "workflows.put": route({
    method: "PUT",
    path: "/workspace/registry/workflows",
    permission: "build",
    body: PutWorkflow,
    answer: PutWorkflowAnswer,
  }),
  /** What the upsert would do, everything checked and nothing changed. The version it pins need not be deployed yet. */
  "workflows.plan": route({
    method: "POST",
    path: "/workspace/registry/workflows/plan",
    permission: "build",
    body: PutWorkflow,
    answer: WorkflowPlan,
  }),
  "workflows.get": route({
    method: "GET",
    path: "/workspace/registry/workflows/:id",
    permission: "read",
    answer: Workflow,
  }),
  "workflows.update": route({
    method: "PATCH",
    path: "/workspace/registry/workflows/:id",
    permission: "build",
    body: UpdateWorkflow,
    answer: Workflow,
  }),
  "workflows.delete": route({
    method: "DELETE",
    path: "/workspace/registry/workflows/:id",
    permission: "build",
    answer: "none",
  }),

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
  /** Events from after `Last-Event-ID` (or from now), for one task, deployment or tenant, or all this key may see. */
  events: route({
    method: "GET",
    path: "/events",
    permission: "read",
    query: z.object({
      ...inTenant,
      task: z.string().optional(),
      deployment: z.string().optional(),
      after: z.string().optional(),
    }),
    answer: "stream",
  }),

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
  "worker.dispatch": route({
    method: "POST",
    path: "/internal/dispatch",
    permission: "worker",
    body: Dispatch,
    answer: DispatchAnswer,
  }),
} as const;

export type RouteName = keyof typeof ROUTES;
export type RouteOf<N extends RouteName> = (typeof ROUTES)[N];

type Segments<P extends string> = P extends `${infer Head}/${infer Tail}`
  ? Segments<Head> | Segments<Tail>
  : P extends `:${infer Name}`
    ? Name
    : never;
/** The path parameters of a route, by name. */
export type ParamsOf<N extends RouteName> = Record<Segments<RouteOf<N>["path"]>, string>;
type Part<N extends RouteName, K extends string, Side extends "input" | "output"> =
  RouteOf<N> extends { readonly [key in K]: infer S extends z.ZodType }
    ? Side extends "input"
      ? z.input<S>
      : z.output<S>
    : undefined;
export type QueryOf<N extends RouteName, Side extends "input" | "output" = "output"> = Part<N, "query", Side>;
export type BodyOf<N extends RouteName, Side extends "input" | "output" = "output"> = Part<N, "body", Side>;
export type AnswerOf<N extends RouteName> = RouteOf<N>["answer"] extends infer S extends z.ZodType
  ? z.output<S>
  : undefined;

/** The path of a route below `/v1` with its parameters filled in and encoded. */
export function routePath<N extends RouteName>(name: N, params: ParamsOf<N>): string {
  const values: Record<string, string | undefined> = params;
  return ROUTES[name].path.replace(/:(\w+)/g, (_, key: string) => encodeURIComponent(values[key] ?? ""));
}
