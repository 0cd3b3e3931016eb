import pino from "pino";
import { ALIVE_MS, type FromHost, ToHost } from "../host-messages";
import { startTenantHost, type TenantHost } from "./tenant-host";

// Activity stack traces show the author's files.
process.setSourceMapsEnabled(true);

const log = pino({ base: undefined }, pino.destination({ dest: 2, sync: false }));
let host: Promise<TenantHost> | undefined;

function tell(message: FromHost): void {
  process.send?.(message);
}

async function start(message: Extract<ToHost, { type: "start" }>): Promise<void> {
  host ??= startTenantHost(message.settings, log);
  const { finished } = await host;
  tell({ type: "running" });
  await finished;
  process.exit(0);
}

async function prepare({ deploymentId, revision, dryRun }: Extract<ToHost, { type: "prepare" }>): Promise<void> {
  const running = await host;
  await running?.prepare({ id: deploymentId, key: revision, dryRun });
  tell({ type: "prepared", deploymentId });
}

async function takeRepairs({ repairs }: Extract<ToHost, { type: "repairs" }>): Promise<void> {
  (await host)?.takeRepairs(repairs);
}

async function replay({ id, workflowId, workflowType }: Extract<ToHost, { type: "replay" }>): Promise<void> {
  await (await host)?.replay({ id, workflowId, type: workflowType });
  tell({ type: "replayed", id });
}

function take(raw: unknown): Promise<void> {
  const message = ToHost.parse(raw);
  switch (message.type) {
    case "start":
      return start(message);
    case "prepare":
      return prepare(message);
    case "repairs":
      return takeRepairs(message);
    case "replay":
      return replay(message);
    case "rest":
      return rest();
    case "drain":
      return drain();
  }
}

async function rest(): Promise<void> {
  const running = await host;
  if (running?.activitiesUnderWay() === 0) tell({ type: "idle" });
}

async function drain(): Promise<void> {
  await (await host)?.drain();
  process.exit(0);
}

setInterval(() => tell({ type: "alive" }), ALIVE_MS).unref();
process.on("message", (raw) => {
  take(raw).catch((error: unknown) => {
    log.error(
      { error: error instanceof Error ? (error.stack ?? error.message) : String(error) },
      "the host cannot go on",
    );
    process.exit(1);
  });
});
// The supervisor is gone: nobody would end this process.
process.on("disconnect", () => void drain());
process.on("SIGTERM", () => void drain());
// Ctrl-C reaches the whole group; the supervisor decides.
process.on("SIGINT", () => undefined);
