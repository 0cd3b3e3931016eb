/**
 * A parent for tests to kill: does one thing with a home, says so in one line of JSON, and stays until its end is
 * requested by closing its stdin (or by a signal).
 * Arguments: `postgres`, `temporal` or `lock`, and the home.
 */
import { once } from "node:events";
import { EmbeddedServiceError } from "./embedded-service-error";
import { lockHome } from "./home-lock";
import { startPostgres } from "./postgres";
import { startTemporal } from "./temporal";

const [what, home = ""] = process.argv.slice(2);
const log = (line: string) => process.stderr.write(`${line}\n`);

async function act(): Promise<object> {
  if (what === "lock") {
    lockHome(home);
    return { pid: process.pid };
  }
  const { pid, address, adopted } = await (what === "temporal" ? startTemporal : startPostgres)({ home, log });
  return { pid, address, adopted };
}

async function main(): Promise<void> {
  try {
    process.stdout.write(`${JSON.stringify(await act())}\n`);
  } catch (error) {
    if (!(error instanceof EmbeddedServiceError)) throw error;
    process.stdout.write(`${JSON.stringify({ code: error.code, message: error.message })}\n`);
  }
  process.stdin.resume();
  await once(process.stdin, "end");
  process.exit();
}

void main();
