import type { SubmitUpdate } from "@ntro/contract/protocol";
import { expect, test } from "vitest";
import { FileGate } from "./files";

const owner = { workflowId: "task-1", tenantSlug: "acme", entitySlug: "fund" };
const asked = [
  { source: "trial-balance", accept: ["xlsx"] },
  { source: "rent-roll", title: "Rent roll" },
] as const;
const gateOf = () => new FileGate("Sources", undefined, asked, owner, false);

function file(source: string): SubmitUpdate {
  return {
    gate: "t",
    document_ref: `doc-${source}`,
    source,
    filename: `${source}.pdf`,
    content_type: "application/pdf",
    size_bytes: 5,
    sha256: "ab",
    tenant_slug: "acme",
    entity_slug: "fund",
    actedBy: { id: "u", name: "Casey", via: "person" },
    at: "2026-04-03T08:00:00.000Z",
  };
}

test("settles with the last file, in any order", () => {
  for (const order of [
    ["trial-balance", "rent-roll"],
    ["rent-roll", "trial-balance"],
  ] as const) {
    const gate = gateOf();
    expect(gate.submit(file(order[0]))()).toBeUndefined();
    expect(gate.openSources()).toEqual([order[1]]);
    const settled = gate.submit(file(order[1]))();
    expect(settled?.outcome.get("rent-roll")).toEqual({
      ref: "doc-rent-roll",
      source: "rent-roll",
      filename: "rent-roll.pdf",
      contentType: "application/pdf",
      sizeBytes: 5,
      sha256: "ab",
      submittedBy: { id: "u", name: "Casey", via: "person" },
      at: "2026-04-03T08:00:00.000Z",
    });
    expect([...(settled?.outcome.keys() ?? [])].sort()).toEqual(["rent-roll", "trial-balance"]);
  }
});

test("asking changes nothing, and a file that is not wanted is refused", () => {
  const gate = gateOf();
  gate.submit(file("rent-roll"));
  expect(gate.openSources()).toHaveLength(2);
  expect(() => gate.submit(file("lease"))).toThrow('"lease" is not asked for; these are: trial-balance, rent-roll.');
  gate.submit(file("rent-roll"))();
  expect(() => gate.submit(file("rent-roll"))).toThrow("was submitted already");
});

test("slots say what is there and what is taken", () => {
  const gate = gateOf();
  gate.submit(file("rent-roll"))();
  expect(gate.view().slots).toMatchObject([
    { source: "trial-balance", title: "trial-balance", accept: ["xlsx"], max_size_mb: 25, status: "pending" },
    { source: "rent-roll", title: "Rent roll", accept: [], status: "completed", document: { ref: "doc-rent-roll" } },
  ]);
  expect(gate.view().action.display_hint?.config.expected).toMatchObject([
    {
      status: "pending",
      args: { signal_task_id: "task-1", signal_name: "document_submitted", tenant_id_or_slug: "acme" },
    },
    { status: "completed" },
  ]);
});

test("sources differ, and there is at least one", () => {
  const twice = [{ source: "a" }, { source: "a" }];
  expect(() => new FileGate("Two", undefined, twice, owner, false)).toThrow("sources that differ");
  expect(() => new FileGate("None", undefined, [], owner, false)).toThrow("at least one");
});
