import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { makeOnce } from "./make-once";

let parent: string;
let folder: string;
const complete = () => existsSync(join(folder, "done"));
const make = async (beside: string) => writeFileSync(join(beside, "done"), "");

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "ntro-make-once-"));
  folder = join(parent, "thing");
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

it("makes a folder once for all that want it", async () => {
  let times = 0;
  const counted = async (beside: string) => {
    times += 1;
    await make(beside);
  };
  await Promise.all([1, 2, 3].map(() => makeOnce(folder, complete, counted)));
  expect(times).toBe(1);
  expect(readdirSync(parent)).toEqual(["thing"]);
});

it("leaves nothing when it fails, and the next one makes it", async () => {
  const failing = async (beside: string) => {
    writeFileSync(join(beside, "half"), "");
    throw new Error("no space");
  };
  await expect(makeOnce(folder, complete, failing)).rejects.toThrow("no space");
  expect(readdirSync(parent)).toEqual([]);
  await makeOnce(folder, complete, make);
  expect(readdirSync(folder)).toEqual(["done"]);
});

it("takes over from one that was killed, and removes what it left", async () => {
  const { pid } = spawnSync(process.execPath, ["--version"]);
  writeFileSync(`${folder}.lock`, `${hostname()} ${pid}`);
  mkdirSync(`${folder}.new-${pid}-abcdef`);
  await makeOnce(folder, complete, make);
  expect(readdirSync(parent)).toEqual(["thing"]);
});

it("takes over a lock of another machine that nobody has touched for long", async () => {
  writeFileSync(`${folder}.lock`, "elsewhere 1");
  const long = new Date(Date.now() - 60_000);
  utimesSync(`${folder}.lock`, long, long);
  await makeOnce(folder, complete, make);
  expect(readdirSync(parent)).toEqual(["thing"]);
});

it("stops waiting when it is told to", async () => {
  writeFileSync(`${folder}.lock`, `${hostname()} ${process.pid}`);
  const stop = new AbortController();
  const waiting = makeOnce(folder, complete, make, stop.signal);
  stop.abort();
  await expect(waiting).rejects.toThrow("aborted");
  expect(existsSync(folder)).toBe(false);
});
