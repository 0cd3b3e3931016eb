import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ExitCode } from "../command";
import type { Context } from "../context";
import { startDetached } from "../embedded/detached-process";
import { EmbeddedServiceError } from "../embedded/embedded-service-error";
import { logFile } from "./own-process";
import { isUp, readUpState } from "./up-state";

const POLL_INTERVAL_MS = 50;

/** Starts `ntro up` in the background and waits until it is ready, relaying what it says. Does nothing when it is ready already. */
export async function runDetached(context: Context, port: string | undefined): Promise<ExitCode> {
  const { out, terminal, home } = context;
  const before = readUpState(home);
  if (isUp(before) && before.phase === "ready") {
    out.say(`It is running already (process ${before.pid}).`);
    tellUrl(context, before.url);
    return 0;
  }
  const child = await startDetached({
    file: process.execPath,
    args: [join(terminal.dist, "ntro.js"), "up", ...(port === undefined ? [] : ["--port", port])],
    env: { ...terminal.env, NTRO_HOME: home },
    logFile: logFile(home, "up"),
  });
  context.onInterrupt(() => ["", "It goes on starting in the background: ntro status, ntro down"]);
  let told = 0;
  const relay = () => {
    const lines = child.lastLines(10_000);
    for (const line of lines.slice(told))
      if (!line.startsWith("http")) out.say(line.replace("  (Ctrl-C stops it)", ""));
    told = lines.length;
    return lines;
  };
  for (;;) {
    const ended = child.ended() !== undefined;
    const state = readUpState(home);
    if (ended) throw failure(child.lastLines(10_000), home);
    relay();
    if (state?.pid === child.pid && state.phase === "ready") {
      tellUrl(context, state.url);
      return 0;
    }
    await delay(POLL_INTERVAL_MS);
  }
}

function tellUrl({ out, home }: Context, url: string | null): void {
  out.data({ url, host: `${url}/v1`, home, connection: "local" }, () => url ?? "");
  out.say("Stop it with: ntro down");
}

/** The error that the background process has shown, as this one's. */
function failure(lines: readonly string[], home: string): EmbeddedServiceError {
  const at = lines.findLastIndex((line) => line.startsWith("✗ "));
  const shown = lines.slice(at);
  const hint = shown
    .find((line) => line.trimStart().startsWith("→ "))
    ?.trim()
    .slice(2);
  const message = shown
    .filter((line) => !line.trimStart().startsWith("→ "))
    .join("\n")
    .replace(/^✗ /, "");
  return new EmbeddedServiceError(
    "START_FAILED",
    at >= 0 ? message : `ntro up has ended: ${lines.slice(-3).join("\n")}`,
    hint ?? `Its log is ${logFile(home, "up")}`,
  );
}
