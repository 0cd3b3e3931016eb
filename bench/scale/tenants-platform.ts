import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { NtroClient } from "@ntro/contract";
import { Client, Connection } from "@temporalio/client";
import { pino } from "pino";
import * as z from "zod";
import { type Db, openDatabase, openPool } from "../../packages/server/src/store/database";
import { TenantDatabases } from "../../packages/server/src/store/tenant-databases";
import { serverUrls } from "../../packages/server/src/store/workspace-database";
import { Platform, ROOT } from "../../test/system/platform";

const UpState = z.object({ parts: z.array(z.object({ name: z.string(), pid: z.number().nullable() })) });

/** A tenant with an entity, as the bench uses it. */
export interface BenchTenant {
  readonly id: string;
  readonly slug: string;
  readonly entityId: string;
}

/** A platform as `ntro up` starts it, with its databases open to the bench. */
export class TenantsPlatform {
  private constructor(
    readonly platform: Platform,
    readonly api: NtroClient,
    readonly worker: NtroClient,
    readonly temporal: Client,
    readonly db: Db,
    readonly databases: TenantDatabases,
    private readonly databaseUrl: string,
  ) {}

  readonly tenants: BenchTenant[] = [];

  static async start(): Promise<TenantsPlatform> {
    const platform = new Platform();
    try {
      await platform.up();
      const read = (path: string) => readFileSync(join(platform.home, path), "utf8").trim();
      const { port } = z.object({ port: z.number() }).parse(JSON.parse(read("run/postgres.json")));
      const url = `postgres://ntro:${encodeURIComponent(read("postgres/password"))}@127.0.0.1:${port}/postgres`;
      const log = pino({ level: "silent" });
      // Thousands of deployments are written: nobody waits for the disk with each.
      const urls = serverUrls(`${url}?options=${encodeURIComponent("-c synchronous_commit=off")}`);
      const api = platform.client();
      return new TenantsPlatform(
        platform,
        api,
        new NtroClient({ host: `${platform.address("server")}/v1`, apiKey: read("keys/worker.key") }),
        new Client({ connection: await Connection.connect({ address: platform.address("temporal") }) }),
        openDatabase(openPool(urls.workspace, log)),
        new TenantDatabases(urls.maintenance, Buffer.from(read("keys/secret"), "hex"), log),
        url,
      );
    } catch (error) {
      await platform.remove();
      throw error;
    }
  }

  /** Makes tenants with databases of their own, one after the other as people do. */
  async addTenants(count: number): Promise<void> {
    for (let number = this.tenants.length; number < count; number += 1) {
      const slug = `tenant-${number}`;
      const { id } = await this.api.call("tenants.create", { body: { name: slug, slug } });
      const entity = await this.api.call("entities.create", {
        params: { tenant: slug },
        body: { name: "E", slug: "e" },
      });
      this.tenants.push({ id, slug, entityId: entity.id });
    }
  }

  /** Process id of a part. */
  pid(name: "server" | "worker" | "postgres"): number {
    const { parts } = UpState.parse(JSON.parse(readFileSync(join(this.platform.home, "run/up.json"), "utf8")));
    return parts.find((part) => part.name === name)?.pid ?? -1;
  }

  /** Milliseconds from starting one more server on this data until it listens; it is ended again. */
  async startServer(): Promise<number> {
    const begun = performance.now();
    const child = spawn(process.execPath, [join(ROOT, "dist/server.js")], {
      env: {
        PATH: process.env.PATH,
        NODE_ENV: "production",
        DATABASE_URL: this.databaseUrl,
        TEMPORAL_ADDRESS: this.platform.address("temporal"),
        NTRO_SECRET_FILE: join(this.platform.home, "keys/secret"),
        NTRO_LISTEN: "127.0.0.1:0",
        NTRO_LOG_LEVEL: "error",
      },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const listening = new Promise<void>((resolve, reject) => {
      child.stdout.once("data", () => resolve());
      child.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
    });
    await listening;
    const took = performance.now() - begun;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await ended;
    return took;
  }

  async stop(): Promise<void> {
    await Promise.all([this.temporal.connection.close(), this.db.destroy(), this.databases.close()]);
    await this.platform.remove();
  }
}
