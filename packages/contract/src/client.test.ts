import { createServer, type Server } from "node:http";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NtroClient } from "./client";

const EVENT = { type: "task.created", at: "", tenantId: null, taskId: null, deploymentId: null, data: {} };

let server: Server;
let api: NtroClient;

beforeEach(async () => {
  server = createServer((request, response) => {
    if (request.url === "/v1/me") return void response.writeHead(503).end("<html>stopping</html>");
    if (request.url === "/v1/health")
      return void response.writeHead(200, { "content-length": 100 }).write("{", () => response.destroy());
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(`: open\n\ndata: ${JSON.stringify({ ...EVENT, id: "1" })}\n\nid: 2\nda`);
    response.write(`ta: ${JSON.stringify({ ...EVENT, id: "2" })}\n\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  api = new NtroClient({ host: `http://127.0.0.1:${port}/v1`, apiKey: "" });
});
afterEach(() => new Promise<void>((resolve) => server.close(() => resolve())));

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect === "function") collect();
}

describe("a stream of events", () => {
  it("gives each event once, whole", async () => {
    const ids: string[] = [];
    for await (const { id } of api.events({}, { signal: new AbortController().signal })) {
      ids.push(id);
      if (id === "2") break;
    }
    expect(ids).toEqual(["1", "2"]);
  });

  it("ends when it is aborted, also after the garbage collector ran, and closes its connection", async () => {
    const stop = new AbortController();
    const stream = api.events({}, { signal: stop.signal });
    await stream.next();
    await stream.next();
    const third = stream.next();
    // A turn of the event loop lets go of what only the beginning of the request held.
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    stop.abort();
    await expect(third).rejects.toThrow("abort");
    // Called back only once no connection is left.
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
});

describe("a server that goes away", () => {
  it("is told from one that answers nonsense", async () => {
    await expect(api.call("me", {})).rejects.toMatchObject({ code: "SERVER_UNREACHABLE", exitCode: 4 });
    await expect(api.call("health", {})).rejects.toMatchObject({ code: "SERVER_UNREACHABLE", exitCode: 4 });
  });
});
