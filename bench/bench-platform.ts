import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type NtroClient, taskQueue, workflowType } from "@ntro/contract";
import { Client, Connection } from "@temporalio/client";
import * as z from "zod";
import { createAcme, PLACE, Platform } from "../test/system/platform";
import { descendants } from "./process-cost";

const RUNBOOKS = join(import.meta.dirname, "runbooks");
const UpState = z.object({
  parts: z.array(z.object({ name: z.string(), pid: z.number().nullable(), address: z.string().nullable() })),
});

/** A runbook that was deployed and bound. */
export interface Deployed {
  readonly slug: string;
  /** Its binding to the entity. */
  readonly workflowId: string;
  readonly workflowType: string;
  readonly taskQueue: string;
}

/** A platform as `ntro up` starts it, with a tenant and an entity, and what the bench needs to look at it from outside. */
export class BenchPlatform {
  private constructor(
    readonly platform: Platform,
    readonly api: NtroClient,
    readonly temporal: Client,
    readonly address: string,
    readonly tenant: { readonly id: string; readonly slug: string },
    readonly entity: { readonly id: string; readonly slug: string },
    private readonly scratch: string,
  ) {}

  /** Temporal's, of every tenant. */
  readonly namespace = "default";

  static async start(): Promise<BenchPlatform> {
    const platform = new Platform();
    try {
      await platform.up();
      await createAcme(platform);
      const api = platform.client();
      const tenant = await api.call("tenants.get", { params: { tenant: "acme-fund" } });
      const entity = await api.call("entities.get", { params: { tenant: tenant.slug, entity: "acme-spv1" } });
      const address = partsOf(platform).find(({ name }) => name === "temporal")?.address ?? "";
      const temporal = new Client({ connection: await Connection.connect({ address }) });
      const scratch = await mkdtemp(join(tmpdir(), "ntro-bench-"));
      return new BenchPlatform(platform, api, temporal, address, tenant, entity, scratch);
    } catch (error) {
      await platform.remove();
      throw error;
    }
  }

  /** Process ids of the parts; Postgres with its children, the host without the compilers it starts. */
  async processes(): Promise<Record<"temporal" | "postgres" | "server" | "worker" | "host", number[]>> {
    const parts = new Map(partsOf(this.platform).map(({ name, pid }) => [name, pid]));
    const pid = (name: string): number[] => [parts.get(name) ?? []].flat();
    const postgres = await Promise.all(pid("postgres").map(descendants));
    const hosts = await Promise.all(pid("worker").map(descendants));
    return {
      temporal: pid("temporal"),
      postgres: [...pid("postgres"), ...postgres.flat()],
      server: pid("server"),
      worker: pid("worker"),
      host: hosts.flat().slice(0, 1),
    };
  }

  /** Process id of the Python host; undefined while there is none. */
  async pythonHost(): Promise<number | undefined> {
    const worker = partsOf(this.platform).find(({ name }) => name === "worker")?.pid;
    if (!worker) return undefined;
    const below = await descendants(worker);
    return below.find((pid) => commandOf(pid).includes("ntro_host"));
  }

  /** A copy of a runbook of `runbooks/` under another version and with other code, so that it is a revision of its own. */
  async variant(name: string, version: string, edited = "templates/workflow.ts"): Promise<string> {
    const folder = join(this.scratch, `${name}-${version}`);
    await cp(join(RUNBOOKS, name), folder, { recursive: true });
    const edit = async (path: string, change: (text: string) => string) =>
      writeFile(join(folder, path), change(await readFile(join(folder, path), "utf8")));
    await edit("runbook.md", (text) => text.replace(/^version: .*$/m, `version: ${version}`));
    const comment = edited.endsWith(".py") ? "#" : "//";
    await edit(edited, (text) => `${comment} ${version}\n${text}`);
    return folder;
  }

  /** Deploys and binds another version of a runbook of `runbooks/`. */
  async deployVersion(name: string, version: string, edited: string): Promise<Deployed> {
    return this.#create(await this.variant(name, version, edited));
  }

  /** Deploys and binds as a user does. */
  deploy(name: string): Promise<Deployed> {
    return this.#create(join(RUNBOOKS, name));
  }

  async #create(path: string): Promise<Deployed> {
    const { workflow, version, digest } = Created.parse(
      await this.platform.json("workflow", "create", "--path", path, ...PLACE),
    );
    const slug = workflow.runbookSlug;
    const language = slug.endsWith("-python") ? "python" : "typescript";
    return {
      slug,
      workflowId: workflow.id,
      workflowType: workflowType({ slug, version, digest }),
      taskQueue: taskQueue(this.tenant.slug, language, null),
    };
  }

  /** Starts a workflow of the tenant past the server, from here; resolves when it is done. The server knows no such task. */
  async runDirectly({ workflowType, taskQueue }: Pick<Deployed, "workflowType" | "taskQueue">): Promise<void> {
    const { temporal, tenant, entity } = this;
    const workflowId = randomUUID();
    const input = {
      tenant_id: tenant.id,
      tenant_slug: tenant.slug,
      entity_id: entity.id,
      entity_slug: entity.slug,
      task_id: workflowId,
      config: {},
    };
    // As the server starts tasks, see temporal.ts there.
    await temporal.workflow.execute(workflowType, { taskQueue, workflowId, args: [input], workflowTaskTimeout: "5s" });
  }

  /** Asks the server for a task; gives its id. */
  async createTask(workflowId: string): Promise<string> {
    const { id } = await this.api.call("tasks.create", {
      body: { tenantId: this.tenant.id, entityId: this.entity.id, workflowId, context: {} },
    });
    return id;
  }

  async stop(): Promise<void> {
    await this.temporal.connection.close();
    await this.platform.remove();
    await rm(this.scratch, { recursive: true, force: true });
  }
}

const Created = z.object({
  workflow: z.object({ id: z.string(), runbookSlug: z.string() }),
  version: z.string(),
  digest: z.string(),
});

function partsOf(platform: Platform): z.infer<typeof UpState>["parts"] {
  return UpState.parse(JSON.parse(readFileSync(join(platform.home, "run/up.json"), "utf8"))).parts;
}

/** The command line of a process; empty when it is gone. */
function commandOf(pid: number): string {
  try {
    return execFileSync("ps", ["-o", "args=", "-p", String(pid)], { encoding: "utf8" });
  } catch {
    return "";
  }
}
