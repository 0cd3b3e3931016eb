import * as z from "zod";
import { BACKFILL_ROUTES } from "./backfill-routes";
import { CreateEntity, Entity } from "./entity";
import { Health, Me } from "./me";
import { REPAIR_ROUTES } from "./repair-routes";
import { inTenant, listOf, page, route } from "./route";
import { RUNBOOK_ROUTES } from "./runbook-routes";
import { SCHEDULE_ROUTES } from "./schedule-routes";
import { PutSecret, Secret } from "./secret";
import { Task } from "./task";
import { TASK_ROUTES } from "./task-routes";
import { CreateTenant, Tenant, TenantStatus, UpdateConfig } from "./tenant";
import { WORKER_ROUTES } from "./worker-routes";
import { CreateWorkflow, PutWorkflow, PutWorkflowAnswer, UpdateWorkflow, Workflow, WorkflowPlan } from "./workflow";

export type { Method, Route } from "./route";

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

  "secrets.list": route({
    method: "GET",
    path: "/workspace/tenants/:tenant/secrets",
    permission: "admin",
    answer: listOf(Secret),
  }),
  "secrets.put": route({
    method: "PUT",
    path: "/workspace/tenants/:tenant/secrets/:name",
    permission: "admin",
    body: PutSecret,
    answer: Secret,
  }),
  "secrets.delete": route({
    method: "DELETE",
    path: "/workspace/tenants/:tenant/secrets/:name",
    permission: "admin",
    answer: "none",
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

  ...RUNBOOK_ROUTES,

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

  ...SCHEDULE_ROUTES,
  ...TASK_ROUTES,
  ...BACKFILL_ROUTES,
  ...REPAIR_ROUTES,
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

  ...WORKER_ROUTES,
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
