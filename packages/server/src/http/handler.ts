import type { AnswerOf, BodyOf, ParamsOf, QueryOf, Role, RouteName, RouteOf } from "@ntro/contract";
import type { Services } from "../services";

/** Whoever holds the key of a request. `tenantId` null: a key of the whole organisation. */
export interface Caller {
  readonly keyId: string;
  readonly name: string;
  readonly email: string;
  readonly role: Role;
  readonly tenantId: string | null;
}

/** A request after the checks every route has: key, permission, parameters, query and body. */
export interface Request<N extends RouteName> {
  readonly params: ParamsOf<N>;
  readonly query: QueryOf<N>;
  readonly body: BodyOf<N>;
  readonly caller: Caller;
  readonly requestId: string;
}

/** Answers one route; throws `NtroError` for every answer of 400 and more. Rows out of the caller's tenant must not be found. */
export type Handler<N extends RouteName> = (services: Services, request: Request<N>) => Promise<AnswerOf<N>>;

/** The routes that answer JSON; streams, multipart and health are registered by files of their own. */
export type JsonRoute = { [N in RouteName]: RouteOf<N>["answer"] extends "stream" ? never : RouteOf<N> extends { multipart: true } ? never : N }[RouteName];
export type Handlers = { [N in JsonRoute]: Handler<N> };
