import { randomUUID } from "node:crypto";
import multipart from "@fastify/multipart";
import { NtroError, ROUTES, type Route, type RouteName } from "@ntro/contract";
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from "fastify";
import type * as z from "zod";
import type { Services } from "../services";
import { Page } from "../store/pages";
import { authorize } from "./authorize";
import { answerError, invalidRequest } from "./errors";
import type { Caller, Handlers, StreamMessage, UploadParts } from "./handler";
import { creationId, keyedRequest, once } from "./idempotent";
import { bodyLimit } from "./limits";
import { sendStream } from "./sse";

/** What every handler takes, whichever its route: the loop below cannot know more of them. */
interface AnyRequest {
  params: unknown;
  query: unknown;
  body: unknown;
  caller: Caller | null;
  requestId: string;
  creationId: string;
  signal: AbortSignal;
}
/** One for each request under way; aborted when its client has gone. */
type Waiting = Set<AbortController>;
type AnyHandler = (services: Services, request: AnyRequest, extra?: UploadParts | string) => Promise<unknown>;

/**
 * The HTTP server with every route of the contract; not listening yet. Closing it ends streams, waits for requests and leaves the services open.
 */
export async function makeHttpServer(services: Services, handlers: Handlers): Promise<FastifyInstance> {
  const waiting: Waiting = new Set();
  const app = Fastify({
    loggerInstance: services.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    routerOptions: { maxParamLength: 500 },
    // Closing waits for answers that are under way; streams end by their signal.
    forceCloseConnections: "idle",
    // A HEAD for each GET would open streams.
    exposeHeadRoutes: false,
    // Called for URLs that the router cannot read.
    frameworkErrors: (error, request, reply: FastifyReply) => void reply.send(answerError(error, request, reply)),
  });
  await app.register(multipart, { limits: { fileSize: services.settings.limits.fileBytes, files: 1, fields: 20 } });
  app.decorateRequest("ntroCaller", null);
  app.setErrorHandler((error, request, reply) => reply.send(answerError(error, request, reply)));
  app.setNotFoundHandler((request, reply) => {
    const error = new NtroError("ROUTE_NOT_FOUND", `There is no ${request.method} ${pathOf(request)}.`, {
      hint: "Client and server may be of different versions: `ntro --version`, `ntro status`.",
    });
    return reply.send(answerError(error, request, reply));
  });
  app.addHook("onRequest", async (request, reply) => void reply.header("x-request-id", request.id));
  app.addHook("preClose", async () => {
    for (const client of waiting) client.abort();
  });
  for (const name of Object.keys(ROUTES) as RouteName[]) {
    const route: Route = ROUTES[name];
    app.route({
      method: route.method,
      url: `/v1${route.path}`,
      bodyLimit: bodyLimit(name),
      // Before the body is read: strangers must not make us read one.
      onRequest: async (request) => {
        request.ntroCaller = await authorize(services, name, {
          authorization: request.headers.authorization,
          "x-ntro-events-key": header(request, "x-ntro-events-key"),
        });
      },
      preParsing: async (request) => checkMediaType(route, request),
      handler: answerRoute(services, name, handlers[name] as unknown as AnyHandler, waiting),
    });
  }
  return app;
}

declare module "fastify" {
  interface FastifyRequest {
    ntroCaller: Caller | null;
  }
}

/** One route from parsed request to checked answer. */
function answerRoute(services: Services, name: RouteName, handler: AnyHandler, waiting: Waiting) {
  const route: Route = ROUTES[name];
  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const signal = goneSignal(reply, waiting);
    const params = request.params;
    const query = parse(route.query, request.query, "query");
    const body = parse(route.body, request.body, "body");
    const caller = request.ntroCaller;
    const keyed = route.creates
      ? keyedRequest(caller?.keyId ?? "", header(request, "idempotency-key"), { name, params, query, body })
      : undefined;
    const asked = { params, query, body, caller, requestId: request.id, creationId: creationId(keyed), signal };

    if (route.answer === "stream") {
      const messages = await handler(services, asked, header(request, "last-event-id"));
      return sendStream(reply, messages as AsyncIterable<StreamMessage>, signal);
    }
    const answer = await once(services, keyed, async () =>
      checkAnswer(route, await handler(services, asked, route.multipart ? request.parts() : undefined), request, reply),
    );
    if (isRepeated(answer)) return reply.header("idempotency-replayed", "true").send(answer.repeated);
    return route.answer === "none" ? reply.code(204).send() : reply.send(answer);
  };
}

/** Aborted when the connection of an answer ends (also after a complete one, when nothing listens any more) or the server closes. */
function goneSignal(reply: FastifyReply, waiting: Waiting): AbortSignal {
  const client = new AbortController();
  waiting.add(client);
  reply.raw.once("close", () => {
    waiting.delete(client);
    client.abort();
  });
  return client.signal;
}

function isRepeated(answer: unknown): answer is { repeated: unknown } {
  return typeof answer === "object" && answer !== null && "repeated" in answer;
}

function parse(schema: z.ZodType | undefined, value: unknown, where: "body" | "query"): unknown {
  if (schema === undefined) return undefined;
  const parsed = schema.safeParse(value ?? {});
  if (!parsed.success) throw invalidRequest(parsed.error, where);
  return parsed.data;
}

/** Fits an answer to the contract: what it does not name stays inside, what it misses is our error. */
function checkAnswer(route: Route, answer: unknown, request: FastifyRequest, reply: FastifyReply): unknown {
  if (typeof route.answer === "string") return null;
  if (!(answer instanceof Page)) return route.answer.parse(answer);
  if (answer.next !== null) {
    const next = new URL(request.url, "http://any");
    next.searchParams.set("cursor", answer.next);
    void reply.header("link", `<${next.pathname}${next.search}>; rel="next"`);
  }
  return route.answer.parse(answer.items);
}

/** A form where JSON is taken, JSON where a form is, or neither. */
function checkMediaType(route: Route, request: FastifyRequest): void {
  const type = header(request, "content-type")?.split(";", 1)[0]?.trim().toLowerCase();
  const expected = route.multipart ? "multipart/form-data" : "application/json";
  const hasBody =
    request.headers["transfer-encoding"] !== undefined || Number(request.headers["content-length"] ?? 0) > 0;
  if (type === expected || (!hasBody && !route.multipart)) return;
  throw new NtroError("MEDIA_TYPE_UNSUPPORTED", `The route takes ${expected}, not ${type ?? "a body without a type"}.`);
}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function pathOf(request: FastifyRequest): string {
  return request.url.split("?", 1)[0] ?? request.url;
}
