import { type Health, NtroClient } from "@ntro/contract";
import type { ExitCode } from "../command";
import type { Context } from "../context";
import { age } from "../times";
import { isPartRunning, isUp, PARTS, type PartName, type PartState, readUpState } from "./up-state";

/** A server that does not answer within this time is not healthy, in milliseconds. */
const HEALTH_TIMEOUT_MS = 5_000;

interface PartReport {
  readonly part: PartName;
  readonly state: "up" | "down" | "external";
  readonly healthy: boolean;
  readonly pid: number | null;
  readonly address: string | null;
  readonly since: string | null;
  readonly restarts: number;
}

/** Shows each part of this home's platform; 0 when all of them work, else 1. */
export async function runStatus({ home, out }: Context): Promise<ExitCode> {
  const state = readUpState(home);
  const up = isUp(state);
  const health = up && state.url !== null ? await readHealth(state.url) : undefined;
  const parts = PARTS.map((name) =>
    report(name, up ? state.parts.find((part) => part.name === name) : undefined, health),
  );
  const well = parts.every(({ healthy }) => healthy);
  const answer = {
    up,
    phase: up ? state.phase : "stopped",
    url: up ? state.url : null,
    pid: up ? state.pid : null,
    home,
    parts,
  };
  if (out.format === "json") out.data(answer, () => "");
  else
    out.list(parts, [
      { title: "PART", value: ({ part }) => part },
      { title: "STATE", value: (part) => part.state },
      { title: "HEALTH", value: (part) => (part.healthy ? "ok" : "not working") },
      { title: "PID", align: "right", value: ({ pid }) => pid },
      { title: "ADDRESS", value: ({ address }) => address },
      { title: "UP", align: "right", value: ({ since }) => (since ? age(since) : "") },
      { title: "RESTARTS", align: "right", value: ({ restarts }) => (restarts > 0 ? restarts : "") },
    ]);
  if (!up) out.say(`The platform of ${home} is not running. Start it: ntro up`);
  else if (!well) out.say(state.phase === "ready" ? `Logs are in ${home}/logs` : `It is ${state.phase}.`);
  return well ? 0 : 1;
}

async function readHealth(url: string): Promise<Health | undefined> {
  const api = new NtroClient({ host: `${url}/v1`, apiKey: "", timeout: HEALTH_TIMEOUT_MS });
  return api.call("health", {}).catch(() => undefined);
}

function report(name: PartName, part: PartState | undefined, health: Health | undefined): PartReport {
  const runs = part !== undefined && (part.external || isPartRunning(part));
  const answers = name === "server" ? health !== undefined : health?.[name] === true;
  return {
    part: name,
    state: part?.external ? "external" : runs ? "up" : "down",
    healthy: runs && answers,
    pid: runs ? part.pid : null,
    address: part?.address ?? null,
    since: runs && !part.external ? part.since : null,
    restarts: part?.restarts ?? 0,
  };
}
