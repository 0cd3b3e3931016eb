import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lockHome } from "./home-lock";
import { type ServiceParent, startParent } from "./service-parent.testing";

let home: string;
let parents: ServiceParent[];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "ntro-lock-"));
  parents = [];
});

afterEach(async () => {
  await Promise.all(parents.map((parent) => parent.kill()));
  rmSync(home, { recursive: true, force: true });
});

async function lockElsewhere(): Promise<ServiceParent> {
  const parent = await startParent("lock", home);
  parents.push(parent);
  return parent;
}

describe("the lock of a home", () => {
  it("keeps a second process out and names the first", async () => {
    const release = lockHome(home);
    const second = await lockElsewhere();
    expect(second.answer.code).toBe("HOME_IN_USE");
    expect(second.answer.message).toContain(`process ${process.pid} `);
    release();
    expect((await lockElsewhere()).answer.code).toBeUndefined();
  });

  it("is taken over from a process that was killed", async () => {
    const first = await lockElsewhere();
    expect(() => lockHome(home)).toThrow(expect.objectContaining({ code: "HOME_IN_USE" }));
    await first.kill();
    lockHome(home)();
    lockHome(home)();
    expect(readdirSync(join(home, "run"))).toHaveLength(1);
  });

  it("is taken over when its pid belongs to another process by now, or its file is damaged", () => {
    lockHome(home)();
    const [file = ""] = readdirSync(join(home, "run"));
    writeFileSync(join(home, "run", file), JSON.stringify({ pid: process.pid, startMark: "long ago" }));
    lockHome(home)();
    const [next = ""] = readdirSync(join(home, "run"));
    writeFileSync(join(home, "run", next), "");
    expect(() => lockHome(home)()).not.toThrow();
  });

  it("goes to exactly one of several who find a stale one at once", async () => {
    await (await lockElsewhere()).kill();
    const all = await Promise.all(Array.from({ length: 6 }, lockElsewhere));
    expect(all.filter((parent) => parent.answer.code === undefined)).toHaveLength(1);
    expect(all.filter((parent) => parent.answer.code === "HOME_IN_USE")).toHaveLength(5);
  });
});
