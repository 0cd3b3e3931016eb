import type { Logger } from "pino";
import type { Settings } from "../settings";
import type { Engine } from "./engine";
import { TemporalEngine } from "./temporal";

/**
 * The engine of a server. A Temporal that is away at the start keeps nothing from starting: it is said in the log, and requests that need it answer
 * `ENGINE_UNAVAILABLE` until it is there.
 */
export async function connectEngine(settings: Settings, log: Logger): Promise<Engine> {
  const engine = new TemporalEngine({ ...settings.temporal, log });
  if (!(await engine.healthy())) log.warn({ address: settings.temporal.address }, "Temporal does not answer yet");
  return engine;
}
