import type { MultipartFile, MultipartValue } from "@fastify/multipart";
import type { AnswerOf, BodyOf, ParamsOf, QueryOf, Role, RouteName, RouteOf } from "@ntro/contract";
import type { Services } from "../services";
import type { Page } from "../store/pages";

/** Whoever holds the key of a request. `tenantId` null: a key of the whole organisation. */
export interface Caller {
  readonly keyId: string;
  readonly name: string;
  readonly email: string;
  readonly role: Role;
  readonly tenantId: string | null;
}

/** A request after the checks every route has: key, permission, parameters, query and body. */
interface Request<N extends RouteName> {
  readonly params: ParamsOf<N>;
  readonly query: QueryOf<N>;
  readonly body: BodyOf<N>;
  /** Null on the routes open to anybody. */
  readonly caller: RouteOf<N>["permission"] extends null ? null : Caller;
  readonly requestId: string;
  /**
   * The id to give to what this request creates. It is the same whenever the same caller sends the same Idempotency-Key, so a request that a
   * crash interrupted finds on repetition what it had made already; without a key it is random.
   */
  readonly creationId: string;
  /** Aborted when nobody waits for the answer any more: the client has gone, or the server is closing. */
  readonly signal: AbortSignal;
}

/** Answers one route, a list with a page; throws `NtroError` for every answer of 400 and more. Rows out of the caller's tenant must not be found. */
type Handler<N extends RouteName> = (
  services: Services,
  request: Request<N>,
) => Promise<AnswerOf<N> extends readonly unknown[] ? Page<AnswerOf<N>> : AnswerOf<N>>;

/** The parts of a form in the order sent; a file's bytes must be read before the next part is asked for. */
export type UploadParts = AsyncIterable<MultipartFile | MultipartValue>;

/** Answers a route that takes form data. */
type UploadHandler<N extends RouteName> = (
  services: Services,
  request: Request<N>,
  parts: UploadParts,
) => Promise<AnswerOf<N>>;

/** One message of a stream: `data` goes out as JSON; `id` comes back as Last-Event-ID. */
export interface StreamMessage {
  readonly id?: string;
  readonly data: unknown;
}

/**
 * Answers a route that streams. When the promise settles the stream is open: from then on nothing may be missed.
 * @param lastEventId what the client says it has seen already
 */
type StreamHandler<N extends RouteName> = (
  services: Services,
  request: Request<N>,
  lastEventId: string | undefined,
) => Promise<AsyncIterable<StreamMessage>>;

type StreamRoute = {
  [N in RouteName]: RouteOf<N>["answer"] extends "stream" ? N : never;
}[RouteName];
type UploadRoute = { [N in RouteName]: RouteOf<N> extends { multipart: true } ? N : never }[RouteName];
type JsonRoute = Exclude<RouteName, StreamRoute | UploadRoute>;

/** A handler for every route of the contract: one that lacks does not compile. */
export type Handlers = { [N in JsonRoute]: Handler<N> } & { [N in StreamRoute]: StreamHandler<N> } & {
  [N in UploadRoute]: UploadHandler<N>;
};
