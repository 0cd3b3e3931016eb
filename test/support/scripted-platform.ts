import type { Described, NextStep, NtroClient, StateReport, Task, Workflow } from "@ntro/contract";
import { summariseGate } from "../../packages/server/src/core/project-state";
import { TemporalEngine } from "../../packages/server/src/engine/temporal";
import { smallBundle } from "./bundle";
import { startTestPostgres, type TestPostgres } from "./postgres";
import { CutProxy } from "./proxy";
import type { ScriptLine } from "./scripted-workflow";
import { startTestServer, type TestServer, type TestServerOptions } from "./server";
import { type ScriptedWorker, startScriptedWorker, startTestTemporal, type TestTemporal } from "./temporal";

/** Takes a period, and whatever else a test puts into the context, such as the script. */
const DESCRIBED: Described = {
  steps: [{ id: "work", title: "Work" }],
  inputSchema: {
    type: "object",
    properties: { period: { type: "string", pattern: "^\\d{4}-(0[1-9]|1[0-2])$" } },
    required: ["period"],
    additionalProperties: {},
  },
  children: [],
  activities: [],
};

/**
 * A server on a real Postgres and a real Temporal, with one tenant whose runbook `nav` does what the script in a task's context says. Its hosts'
 * reports are sent by the test: {@link ScriptedPlatform.report}.
 */
export class ScriptedPlatform {
  private constructor(
    readonly postgres: TestPostgres,
    readonly temporal: TestTemporal,
    /** The server's way to Temporal, which a test can cut; its worker has one of its own. */
    readonly wayToTemporal: CutProxy,
    /** Replaced by {@link restartServer}. */
    public server: TestServer,
    private worker: ScriptedWorker | undefined,
  ) {}

  static async start(settings: TestServerOptions["settings"] = {}): Promise<ScriptedPlatform> {
    const [postgres, temporal] = await Promise.all([startTestPostgres(), startTestTemporal()]);
    const [host = "", port] = temporal.address.split(":");
    const way = new CutProxy({ host, port: Number(port) });
    await way.open();
    const server = await startTestServer(postgres.url, ScriptedPlatform.options(way.address, { settings }));
    const platform = new ScriptedPlatform(postgres, temporal, way, server, undefined);
    await platform.client.call("tenants.create", { body: { name: "Acme", slug: "acme" } });
    await platform.newEntity("spv1");
    await platform.deploy("1.0.0");
    await platform.startWorker();
    return platform;
  }

  private static options(address: string, keep: Partial<TestServerOptions> = {}): TestServerOptions {
    const limits = { fileBytes: 2 * 1024 * 1024 };
    return {
      ...keep,
      settings: { ...keep.settings, temporal: { address, namespace: "default" }, limits },
      engine: async (settings, log) => new TemporalEngine({ ...settings.temporal, log }),
    };
  }

  /** The administrator's. */
  get client(): NtroClient {
    return this.server.client();
  }

  async newEntity(slug: string): Promise<string> {
    const entity = await this.client.call("entities.create", {
      params: { tenant: "acme" },
      body: { name: slug.toUpperCase(), slug },
    });
    return entity.id;
  }

  /** Deploys a version of a runbook and makes it ready, as a host would; `frontmatter` are further lines of its runbook.md. */
  async deploy(
    version: string,
    slug = "nav",
    described: Partial<Described> = {},
    frontmatter: readonly string[] = [],
  ): Promise<void> {
    const body = { tenantSlug: "acme", version, files: smallBundle(slug, version, "", frontmatter) };
    const { deployment } = await this.client.call("runbooks.deploy", { params: { slug }, query: { wait: 0 }, body });
    const ready = { status: "ready" as const, described: { ...DESCRIBED, ...described } };
    await this.server
      .client(this.server.keys.worker)
      .call("worker.reportDeployment", { params: { id: deployment.id }, body: ready });
  }

  async bind(over: { entity?: string; name?: string; slug?: string } = {}): Promise<Workflow> {
    const [entity] = (await this.client.call("entities.list", { params: { tenant: "acme" } })).filter(
      (each) => each.slug === (over.entity ?? "spv1"),
    );
    const body = {
      runbookSlug: over.slug ?? "nav",
      entityId: entity?.id ?? "",
      ...(over.name === undefined ? {} : { name: over.name }),
    };
    return (await this.client.call("workflows.put", { body })).workflow;
  }

  /** Starts a task that does what a script says. */
  async run(script: readonly ScriptLine[], over: { workflowId?: string; idempotencyKey?: string } = {}): Promise<Task> {
    const body = { tenantId: "acme", workflowId: over.workflowId ?? "nav", context: { period: "2026-03", script } };
    return this.client.call("tasks.create", {
      body,
      ...(over.idempotencyKey === undefined ? {} : { idempotencyKey: over.idempotencyKey }),
    });
  }

  /** Starts a task and waits until its first gate is open and reported. */
  async runToGate(
    script: readonly ScriptLine[],
    over: { workflowId?: string } = {},
  ): Promise<{ task: Task; gate: string }> {
    const { id } = await this.run(script, over);
    const gate = await until(async () => (await this.server.services.engine.state(id)).gates[0]?.token);
    await this.report(id);
    return { task: await this.task(id), gate };
  }

  task(id: string): Promise<Task> {
    return this.client.call("tasks.get", { params: { id } });
  }

  next(id: string): Promise<NextStep> {
    return this.client.call("tasks.nextStep", { params: { id } });
  }

  /** Sends what a host would about a task now. */
  async report(taskId: string, closing: "completed" | "failed" | null = null): Promise<void> {
    const { engine } = this.server.services;
    const state = await engine.state(taskId);
    const gates = state.gates.map((gate) => summariseGate(taskId, gate));
    const { runId } = (await engine.describe(taskId)) as { runId: string };
    await this.send({
      kind: "state",
      workflow_id: taskId,
      run_id: runId,
      workflow_type: "nav@1.0.0+0123456789ab",
      at: new Date().toISOString(),
      seq: state.seq + (closing ? 1 : 0),
      steps: state.steps,
      current_step: state.current_step,
      gates,
      children: state.children,
      closing,
    });
  }

  async send(...reports: StateReport[]): Promise<void> {
    await this.server.client(this.server.keys.worker).call("worker.report", { body: { reports } });
  }

  /** Waits until a task's row has ended. */
  ended(id: string): Promise<Task> {
    return until(async () => {
      const task = await this.task(id);
      return task.status === "COMPLETED" || task.status === "FAILED" ? task : undefined;
    });
  }

  /** What happened to a task, oldest first. */
  async happened(id: string): Promise<string[]> {
    return (await this.client.call("tasks.logs", { params: { id }, query: { limit: 500 } })).map((entry) => entry.type);
  }

  async startWorker(): Promise<void> {
    this.worker = await startScriptedWorker(this.temporal.address, "ntro/acme/ts");
  }

  async stopWorker(): Promise<void> {
    await this.worker?.stop();
    this.worker = undefined;
  }

  /** Another server on the same data, as after a crash; the old one is closed. */
  async restartServer(): Promise<void> {
    const { settings, keys } = this.server;
    await this.server.close();
    this.server = await startTestServer(
      this.postgres.url,
      ScriptedPlatform.options(this.wayToTemporal.address, { settings: { secret: settings.secret }, keys }),
    );
  }

  async stop(): Promise<void> {
    await this.stopWorker();
    await this.server.close();
    await this.wayToTemporal.cut();
    await Promise.all([this.temporal.stop(), this.postgres.stop()]);
  }
}

/** Asks until there is an answer; the test's own timeout bounds it. */
export async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const answer = await ask().catch(() => undefined);
    if (answer !== undefined) return answer;
  }
}
