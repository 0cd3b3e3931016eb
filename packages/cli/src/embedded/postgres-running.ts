import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Client, DatabaseError } from "pg";
import { EmbeddedServiceError, isSystemError } from "./embedded-service-error";
import { SUPERUSER } from "./postgres-data";
import { describeProcess, isRunning, type ProcessIdentity } from "./running-process";

/** How long a server found running may take until it answers, in milliseconds: it may be recovering from a crash. */
const ADOPT_DEADLINE_MS = 120_000;
const POLL_INTERVAL_MS = 20;

/** Above the highest pid any system gives out, so it never names a process. */
const PID_OF_NOBODY = 2_147_483_646;

/** What PostgreSQL writes into `postmaster.pid`, as far as we need it. */
export interface PostmasterFile {
  pid: number;
  /** Zero until the server has opened its port. */
  port: number;
  /** `starting`, `ready`, `stopping`, …; empty at first. */
  status: string;
}

/** A server that answers on this data folder. */
export interface RunningPostgres extends ProcessIdentity {
  port: number;
}

/** Reads `postmaster.pid`; undefined when there is none or it is not complete yet. */
export function readPostmasterFile(data: string): PostmasterFile | undefined {
  try {
    const lines = readFileSync(join(data, "postmaster.pid"), "utf8").split("\n");
    const pid = Math.abs(Number(lines[0]));
    return pid > 0 ? { pid, port: Number(lines[3] ?? 0), status: (lines[7] ?? "").trim() } : undefined;
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Connection URL of the superuser. */
export function superuserUrl(port: number, password: string): string {
  return `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/postgres`;
}

/**
 * What happens when one connects: `ours` when the server knows our password and serves this very folder; `not-yet`
 * while it starts or nobody listens; `foreign` when another server is there; `refused` when it rejects our password.
 */
export async function askPostgres(
  port: number,
  password: string,
  data: string,
): Promise<"ours" | "not-yet" | "foreign" | "refused"> {
  const client = new Client({ connectionString: superuserUrl(port, password), connectionTimeoutMillis: 5_000 });
  client.on("error", () => {}); // a server that goes away between two answers is seen by the next attempt
  try {
    await client.connect();
    const answer = await client.query<{ data_directory: string }>("show data_directory");
    return answer.rows[0]?.data_directory === data ? "ours" : "foreign";
  } catch (error) {
    if (error instanceof DatabaseError && error.code?.startsWith("28")) return "refused";
    return "not-yet";
  } finally {
    await client.end().catch(() => {});
  }
}

/**
 * Looks for a server that an earlier parent left running on this data folder, and waits until it answers. Undefined
 * when there is none: then `postmaster.pid`, if it is still there, no longer stands in the way of a start.
 */
export async function findRunningPostgres(data: string, password: string): Promise<RunningPostgres | undefined> {
  const deadline = Date.now() + ADOPT_DEADLINE_MS;
  for (;;) {
    const file = readPostmasterFile(data);
    if (!file) return undefined;
    const running = describeProcess(file.pid);
    if (!running?.command.includes(` ${data} `)) {
      disownPostmasterFile(data, file.pid);
      return undefined;
    }
    const identity = { pid: running.pid, startMark: running.startMark };
    const answer = file.status === "ready" ? await askPostgres(file.port, password, data) : "not-yet";
    if (answer === "ours") return { ...identity, port: file.port };
    if (answer !== "not-yet" || Date.now() >= deadline) throw unusable(data, file.pid, answer);
    // Also passes through here: a server that is shutting down, until it is gone.
    if (isRunning(identity)) await delay(POLL_INTERVAL_MS);
  }
}

/**
 * PostgreSQL takes a living process under the pid in its file for another server and refuses to start, though the
 * pid may have gone to any process after a crash. Puts in a pid of nobody and leaves the rest, so that PostgreSQL's
 * own check for surviving children (by shared memory) still happens.
 */
function disownPostmasterFile(data: string, pid: number): void {
  const path = join(data, "postmaster.pid");
  const text = readFileSync(path, "utf8");
  const [first, ...rest] = text.split("\n");
  if (Math.abs(Number(first)) !== pid) return;
  writeFileSync(path, [String(PID_OF_NOBODY), ...rest].join("\n"));
}

function unusable(data: string, pid: number, answer: "not-yet" | "foreign" | "refused"): EmbeddedServiceError {
  const reasons = {
    refused: "it does not accept the password kept in this home",
    foreign: "another server answers on its port",
    "not-yet": `it did not answer within ${ADOPT_DEADLINE_MS / 1000} s`,
  };
  return new EmbeddedServiceError(
    "START_FAILED",
    `PostgreSQL already runs on ${data} (process ${pid}), but ${reasons[answer]}`,
    `Stop it (kill -INT ${pid}) and start again.`,
  );
}
