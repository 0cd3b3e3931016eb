import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { blocks, readPage } from "../docs/markdown";
import { nextReview, openReviews } from "./gates";
import { createAcme, PLACE, Platform } from "./platform";

/** The complete bundles of docs/authoring-python.md, deployed and run as the page says. */
describe("the runbooks of the Python authoring page", () => {
  const platform = new Platform();
  let folder = "";
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "ntro-python-page-"));
    for (const { title, text } of blocks(readPage("docs/authoring-python.md"))) {
      if (title === undefined) continue;
      mkdirSync(join(folder, dirname(title)), { recursive: true });
      writeFileSync(join(folder, title), text);
    }
    await platform.up();
    await createAcme(platform);
    for (const slug of ["fee-notice", "fee-round"]) {
      const ran = await platform.ntro("workflow", "create", "--path", join(folder, slug), ...PLACE);
      expect(ran.code, ran.stderr).toBe(0);
      expect(ran.stdout + ran.stderr).not.toMatch(/sandbox|NameError/);
    }
  });
  afterAll(async () => {
    await platform.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const resultOf = async (id: string): Promise<unknown> => {
    expect(await platform.ntro("run", "status", id, "--wait")).toMatchObject({ code: 0 });
    return (await platform.json<{ result: unknown }>("run", "status", id)).result;
  };

  it("asks again until the correction fits, then books", async () => {
    const { id } = await platform.json<{ id: string }>(
      ...["workflow", "run", "fee-notice", ...PLACE, "--period", "2026-03", "--param", "rent=92750.00"],
    );
    const [gate] = await openReviews(platform, id);
    expect((await platform.ntro("run", "next", id)).stdout).toContain("2318.75");
    expect(await platform.ntro("run", "approve", id, "--correct", "fee=amount=0.00")).toMatchObject({ code: 0 });
    if (gate) await nextReview(platform, id, gate);
    expect((await platform.ntro("run", "next", id)).stdout).toContain("error: A fee is more than 0.");
    expect(await platform.ntro("run", "approve", id, "--correct", "fee=amount=2000.00")).toMatchObject({ code: 0 });
    expect(await resultOf(id)).toEqual({ period: "2026-03", total: "2000.00", lines: 1 });
  });

  it("runs children at once, and reads their results", async () => {
    const { id } = await platform.json<{ id: string }>(
      ...[
        "workflow",
        "run",
        "fee-round",
        ...PLACE,
        "--param",
        'months=["2026-01","2026-02"]',
        "--param",
        "rent=1000.00",
      ],
    );
    for (const { token } of await openReviews(platform, id, 2))
      expect(await platform.ntro("run", "approve", id, "--gate", token)).toMatchObject({ code: 0 });
    expect(await resultOf(id)).toEqual({ totals: { "2026-01": "25.00", "2026-02": "25.00" } });
  });

  it("ends as rejected", async () => {
    const { id } = await platform.json<{ id: string }>(
      ...["workflow", "run", "fee-notice", ...PLACE, "--period", "2026-04", "--param", "rent=1.00"],
    );
    await openReviews(platform, id);
    expect(await platform.ntro("run", "reject", id, "--reason", "No rent was paid")).toMatchObject({ code: 0 });
    expect((await platform.ntro("run", "status", id, "--wait")).code).toBe(1);
    expect(await platform.json("run", "status", id)).toMatchObject({
      failure: { type: "Rejected", message: "Rejected: No rent was paid" },
    });
  });
});
