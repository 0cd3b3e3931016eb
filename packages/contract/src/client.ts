import { createParser } from "eventsource-parser";
import { ErrorBody, ErrorCode, NtroError } from "./errors";
import { StreamEvent } from "./event";
import { type AnswerOf, type BodyOf, type ParamsOf, type QueryOf, ROUTES, type RouteName, routePath } from "./routes";
import { SubmitFileAnswer } from "./task";

type Given<K extends string, T> = [T] extends [undefined]
  ? { [key in K]?: undefined }
  : undefined extends T
    ? { [key in K]?: T }
    : { [key in K]: T };
type Optional<K extends string, T> = [T] extends [undefined] ? { [key in K]?: undefined } : { [key in K]?: T };

/** What a call of a route takes: its path parameters, query and body. */
export type CallInput<N extends RouteName> = (keyof ParamsOf<N> extends never
  ? { params?: undefined }
  : { params: ParamsOf<N> }) &
  Optional<"query", QueryOf<N, "input">> &
  Given<"body", BodyOf<N, "input">> & { idempotencyKey?: string; signal?: AbortSignal };

export interface ClientOptions {
  /** Such as `http://localhost:3000/v1`. */
  host: string;
  /** Sent as bearer token; no header goes out when it is empty. */
  apiKey: string;
  /** Milliseconds until a call is given up; streams are not limited. Default 60,000. */
  timeout?: number;
}

/**
 * The typed client of the platform's HTTP routes. Every method throws {@link NtroError}: the server's own, `SERVER_UNREACHABLE` when there
 * was no answer, `ANSWER_INVALID` when the answer does not fit the contract.
 */
export class NtroClient {
  constructor(private readonly options: ClientOptions) {}

  /** Calls a route and gives its checked answer. */
  async call<N extends RouteName>(name: N, input: CallInput<N>): Promise<AnswerOf<N>> {
    const route = ROUTES[name];
    const response = await this.#send(this.#url(name, input), {
      method: route.method,
      headers: {
        ...(input.body === undefined ? {} : { "content-type": "application/json" }),
        ...(input.idempotencyKey === undefined ? {} : { "idempotency-key": input.idempotencyKey }),
      },
      ...(input.body === undefined ? {} : { body: JSON.stringify(input.body) }),
      signal: this.#limit(input.signal),
    });
    if (typeof route.answer === "string") return undefined as AnswerOf<N>;
    const parsed = route.answer.safeParse(await readJson(response));
    if (!parsed.success)
      throw new NtroError("ANSWER_INVALID", `The server's answer to ${route.method} ${route.path} is not understood.`, {
        hint: "Client and server may be of different versions: `ntro --version`, `ntro status`.",
        cause: parsed.error,
      });
    return parsed.data as AnswerOf<N>;
  }

  /** Submits a file at a gate of a task. `source` and `gate` may be left out when only one thing is waited for. */
  async submitFile(
    taskId: string,
    file: { name: string; content: Blob; source?: string | undefined; gate?: string | undefined },
  ): Promise<SubmitFileAnswer> {
    const form = new FormData();
    if (file.gate !== undefined) form.set("gate", file.gate);
    if (file.source !== undefined) form.set("source", file.source);
    form.set("file", file.content, file.name);
    const url = `${this.options.host}${routePath("tasks.submitFile", { id: taskId })}`;
    const response = await this.#send(url, { method: "POST", body: form, signal: this.#limit(undefined) });
    return SubmitFileAnswer.parse(await readJson(response));
  }

  /**
   * The events of one connection, in order, until the server or `signal` ends it. `opened` is called once the server has accepted it: from
   * then on nothing is missed. To go on after a break, call again with the last event's id as `after`.
   */
  async *events(
    query: QueryOf<"events", "input">,
    options: { signal: AbortSignal; opened?: () => void },
  ): AsyncGenerator<StreamEvent> {
    for await (const message of this.stream("events", { query, signal: options.signal }, options.opened)) {
      const event = StreamEvent.safeParse(message);
      if (event.success) yield event.data;
    }
  }

  /** The parsed data of each message of a streaming route. */
  async *stream<N extends RouteName>(name: N, input: CallInput<N>, opened?: () => void): AsyncGenerator<unknown> {
    const response = await this.#send(this.#url(name, input), {
      headers: { accept: "text/event-stream" },
      signal: input.signal ?? null,
    });
    opened?.();
    if (!response.body) return;
    const messages: unknown[] = [];
    const parser = createParser({ onEvent: (event) => messages.push(JSON.parse(event.data)) });
    for await (const text of chunksOf(response.body, input.signal)) {
      parser.feed(text);
      yield* messages.splice(0);
    }
  }

  #url<N extends RouteName>(name: N, input: CallInput<N>): string {
    const params = (input.params ?? {}) as ParamsOf<N>;
    const search = new URLSearchParams();
    for (const [key, value] of Object.entries(input.query ?? {}))
      if (value !== undefined && value !== null) search.set(key, String(value));
    const text = search.toString();
    return `${this.options.host}${routePath(name, params)}${text ? `?${text}` : ""}`;
  }

  #limit(signal: AbortSignal | undefined): AbortSignal {
    const timeout = AbortSignal.timeout(this.options.timeout ?? 60_000);
    return signal ? AbortSignal.any([signal, timeout]) : timeout;
  }

  async #send(url: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.options.apiKey) headers.set("authorization", `Bearer ${this.options.apiKey}`);
    let response: Response;
    try {
      response = await fetch(url, { ...init, headers, redirect: "error" });
    } catch (cause) {
      if (init.signal?.aborted && (init.signal.reason as { name?: string } | undefined)?.name !== "TimeoutError")
        throw cause;
      throw unreachable(`No answer from ${new URL(url).origin}.`, cause);
    }
    if (response.status >= 400) throw await serverError(response);
    return response;
  }
}

/**
 * The texts of a body, until it ends or `signal` is aborted, which throws its reason. The body is cancelled by hand: once the garbage collector has
 * taken the request of a running answer, aborting its signal no longer reaches a fetch of Node 20.
 */
async function* chunksOf(body: ReadableStream<Uint8Array>, signal: AbortSignal | undefined): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const cancel = () => void reader.cancel().catch(() => {});
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    while (!signal?.aborted) {
      const { done, value } = await reader.read();
      if (done) break;
      yield decoder.decode(value, { stream: true });
    }
    signal?.throwIfAborted();
  } finally {
    signal?.removeEventListener("abort", cancel);
    cancel();
  }
}

async function readJson(response: Response): Promise<unknown> {
  const text = await readText(response);
  try {
    return text === "" ? null : JSON.parse(text);
  } catch (cause) {
    throw new NtroError("ANSWER_INVALID", `The server answered ${response.status} with something that is not JSON.`, {
      hint: "Is this the address of an ntro server?",
      cause,
    });
  }
}

async function readText(response: Response): Promise<string> {
  try {
    return await response.text();
  } catch (cause) {
    if ((cause as { name?: string } | undefined)?.name === "AbortError") throw cause;
    throw unreachable("The connection to the server broke in the middle of its answer.", cause);
  }
}

function unreachable(message: string, cause?: unknown): NtroError {
  const hint = "Start the platform with `ntro up`, or name another with --host or `ntro auth set-default`.";
  return new NtroError("SERVER_UNREACHABLE", message, { hint, cause });
}

/** What a proxy, or a server that is just stopping, answers instead of the server. */
const AWAY: readonly number[] = [502, 503, 504];

async function serverError(response: Response): Promise<NtroError> {
  const body = ErrorBody.safeParse(parseJson(await readText(response)));
  const code = body.success ? ErrorCode.safeParse(body.data.code) : undefined;
  if (!body.success || !code?.success)
    return AWAY.includes(response.status)
      ? unreachable(`The server is not there: its place answers ${response.status}.`)
      : new NtroError("ANSWER_INVALID", `The server answered ${response.status} without an error this client knows.`, {
          hint: "Is this the address of an ntro server?",
        });
  // The id is what finds it in the log, so it goes before any hint in general terms.
  const hint =
    code.data === "INTERNAL" && body.data.requestId
      ? `The server's log has it under request ${body.data.requestId}.`
      : body.data.hint;
  return new NtroError(code.data, body.data.message, { hint, details: body.data.details });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
