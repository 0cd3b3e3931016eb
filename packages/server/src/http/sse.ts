import { once } from "node:events";
import type { FastifyReply } from "fastify";
import type { StreamMessage } from "./handler";

/** Milliseconds between comments that keep proxies from closing a quiet stream. */
const HEARTBEAT = 15_000;

/**
 * Sends messages as server-sent events until they end or `signal` is aborted. A reader that does not keep up slows the iteration down.
 */
export async function sendStream(
  reply: FastifyReply,
  messages: AsyncIterable<StreamMessage>,
  signal: AbortSignal,
): Promise<void> {
  reply.hijack();
  const response = reply.raw;
  response.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    // Or the connection would be idle after the stream, when a server that closes has no eye on it any more.
    connection: "close",
    "x-accel-buffering": "no",
    "x-request-id": reply.request.id,
  });
  // Sends the head at once: the client takes it as the sign that nothing is missed from now on.
  response.write(": open\n\n");
  const heartbeat = setInterval(() => response.write(": still here\n\n"), HEARTBEAT);
  try {
    for await (const message of messages) {
      const id = message.id === undefined ? "" : `id: ${message.id}\n`;
      if (!response.write(`${id}data: ${JSON.stringify(message.data)}\n\n`)) await once(response, "drain", { signal });
    }
  } catch (error) {
    if (!signal.aborted) reply.log.warn({ err: error }, "a stream ended by an error");
  } finally {
    clearInterval(heartbeat);
    response.end();
  }
}
