import { type Deployment, type NtroClient, NtroError, type StreamEvent } from "@ntro/contract";
import { BackOff, isAway } from "../persist";

/** How long the server may be away while a deployment is followed, in milliseconds. */
const AWAY_LIMIT_MS = 120_000;
/** How often the deployment itself is looked at beside the stream, in milliseconds. */
const LOOK_INTERVAL_MS = 5_000;
/** How long the stream may lag behind a deployment that has ended, in milliseconds; it only adds lines to read. */
const LAG_MS = 1_000;

/** What is told while a deployment is followed. */
export interface DeploymentWatcher {
  /** A worker has passed a stage, which took so many seconds. */
  stage(name: string, seconds: number): void;
  away(): void;
}

/** Follows a deployment to its end and gives it. Starts from its first event, so nothing is missed; a server that restarts is waited for, up to two minutes. */
export async function followDeployment(
  api: NtroClient,
  started: Deployment,
  watcher: DeploymentWatcher,
): Promise<Deployment> {
  const backOff = new BackOff();
  let after = "0";
  let awaySince: number | undefined;
  for (;;) {
    try {
      const ended = await followOnce(api, started.id, after, (event) => {
        after = event.id;
        awaySince = undefined;
        backOff.reset();
        tellStage(event, watcher);
      });
      if (ended) return ended;
    } catch (error) {
      if (!isAway(error)) throw error;
      if (awaySince === undefined) watcher.away();
      awaySince ??= Date.now();
      if (Date.now() - awaySince > AWAY_LIMIT_MS) throw stillDeploying(error, started);
    }
    await backOff.pause();
  }
}

function tellStage(event: StreamEvent, watcher: DeploymentWatcher): void {
  if (event.type !== "deployment.progress") return;
  const { stage, seconds } = event.data;
  if (typeof stage === "string" && typeof seconds === "number") watcher.stage(stage, seconds);
}

function stillDeploying(cause: unknown, { slug, version }: Deployment): NtroError {
  return new NtroError("SERVER_UNREACHABLE", "The server did not come back; the deployment may still become ready.", {
    hint: `Once it is back: ntro runbook versions ${slug}. Running the same command again continues with version ${version}.`,
    cause,
  });
}

/** One connection: until the deployment has ended, or the stream breaks (undefined). */
async function followOnce(
  api: NtroClient,
  id: string,
  after: string,
  told: (event: StreamEvent) => void,
): Promise<Deployment | undefined> {
  const stop = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let failure: unknown;
  // Beside the stream the deployment itself is read, so that an event that never came cannot keep us for ever.
  const look = async () => {
    try {
      const deployment = await api.call("deployments.get", { params: { id } });
      if (deployment.status === "pending") timer = setTimeout(() => void look(), LOOK_INTERVAL_MS);
      else timer = setTimeout(() => stop.abort(), LAG_MS);
    } catch (error) {
      failure = error;
      stop.abort();
    }
  };
  try {
    for await (const event of api.events(
      { deployment: id, after },
      { signal: stop.signal, opened: () => void look() },
    )) {
      told(event);
      if (event.type === "deployment.ready" || event.type === "deployment.failed") break;
    }
  } catch (error) {
    if (!stop.signal.aborted && !isBroken(error)) throw error;
  } finally {
    clearTimeout(timer);
    stop.abort();
  }
  if (failure !== undefined) throw failure;
  const deployment = await api.call("deployments.get", { params: { id } });
  return deployment.status === "pending" ? undefined : deployment;
}

/** Whether a stream was cut: fetch says so with a TypeError. */
function isBroken(error: unknown): boolean {
  return error instanceof TypeError;
}
