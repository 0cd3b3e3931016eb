import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { DeploymentReport, Reports, type RevisionContent, type StateReport } from "@ntro/contract";

/** What hosts tell of one deployment, as the server would keep it. */
type Deployments = Map<string, DeploymentReport[]>;

/** Stands for the server: the routes that hosts use, on a free port, with revisions from memory. */
export class WorkerRoutes {
  readonly #reporters = new Map<string, (report: StateReport) => void>();
  readonly #deployments: Deployments = new Map();
  readonly #server = createServer((request, response) => void this.#serve(request, response));

  /** @param revisions by workflow type */
  constructor(private readonly revisions: ReadonlyMap<string, RevisionContent>) {}

  /** Such as `http://127.0.0.1:40001/v1`. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  async start(): Promise<this> {
    await new Promise<void>((listening) => this.#server.listen(0, "127.0.0.1", listening));
    return this;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  /** Hands what the host with this key reports to `report`. */
  listen(key: string, report: (report: StateReport) => void): void {
    this.#reporters.set(key, report);
  }

  /** Everything told of a deployment so far. */
  deployment(id: string): readonly DeploymentReport[] {
    return this.#deployments.get(id) ?? [];
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const answer = this.#answer(request, await bodyOf(request));
      if (answer === undefined) send(response, 404, { code: "ROUTE_NOT_FOUND", message: `Not here: ${request.url}` });
      else send(response, 200, answer);
    } catch (error) {
      send(response, 400, { code: "REQUEST_INVALID", message: String(error) });
    }
  }

  #answer(request: IncomingMessage, body: unknown): unknown {
    const [, area, ...rest] =
      (request.url ?? "").split("?")[0]?.slice("/v1".length).split("/").map(decodeURIComponent) ?? [];
    // What author code asks the server: there are no earlier tasks.
    if (request.method === "GET" && area === "workspace" && rest.at(-1) === "tasks") return [];
    if (area !== "internal") return undefined;
    if (rest[0] === "tenants" && rest[2] === "revisions") return this.revisions.get(rest[3] ?? "");
    if (rest[0] === "deployments") return this.#took(rest[1] ?? "", DeploymentReport.parse(body));
    if (rest[0] === "reports") return this.#reported(request.headers.authorization, Reports.parse(body));
    return undefined;
  }

  #took(deployment: string, report: DeploymentReport) {
    this.#deployments.set(deployment, [...this.deployment(deployment), report]);
    return { ok: true };
  }

  #reported(authorization: string | undefined, { reports }: { reports: StateReport[] }) {
    const report = this.#reporters.get(authorization?.replace("Bearer ", "") ?? "");
    if (!report) throw new Error("No host has this key.");
    for (const one of reports) report(one);
    return { ok: true };
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString());
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
