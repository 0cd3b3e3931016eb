import { createServer } from "node:net";
import { isSystemError } from "./embedded-service-error";

/**
 * A TCP port that nobody listens on at 127.0.0.1 right now: the preferred one when it is free, else one the system
 * picks. Another process can still take it before it is used: a launcher has to be ready to ask again.
 */
export async function freePort(preferred?: number): Promise<number> {
  if (preferred !== undefined && (await listenOnce(preferred)) !== undefined) return preferred;
  const port = await listenOnce(0);
  if (port === undefined) throw new Error("the system has no free TCP port left on 127.0.0.1");
  return port;
}

/** Listens on the port and closes again; undefined when it is taken or not ours to use. */
function listenOnce(port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (error) => {
      if (isSystemError(error, "EADDRINUSE", "EACCES")) resolve(undefined);
      else reject(error);
    });
    probe.listen({ host: "127.0.0.1", port, exclusive: true }, () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : undefined));
    });
  });
}
