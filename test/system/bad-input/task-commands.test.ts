import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Task } from "@ntro/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAcme, NAV, PLACE, Platform, RENT_ROLL, ROOT, TENANT, TRIAL_BALANCE } from "../platform";
import { Bundles } from "./bundles";
import { expectRefused, snapshot } from "./snapshot";

/** Starting a task and answering it, typed wrongly: nothing is started, kept or decided. Where nothing changes, cases run side by side. */
const platform = new Platform();
const bundles = new Bundles();
let task = "";
beforeAll(async () => {
  await platform.up();
  await createAcme(platform);
  expect(await platform.ntro("workflow", "create", "--path", NAV, ...PLACE)).toMatchObject({ code: 0 });
});
afterAll(async () => {
  bundles.remove();
  await platform.remove();
});

describe("workflow run", () => {
  const run = (...args: string[]) => ["workflow", "run", ...args];

  it.concurrent("of an unknown workflow, tenant or entity, with the near ones", async () => {
    await expectRefused(platform, run("nav-montly", ...PLACE, "--period", "2026-03"), {
      code: 2,
      error: "WORKFLOW_NOT_FOUND",
      says: ['No workflow "nav-montly" is bound to the entity acme-spv1', "Did you mean nav-monthly?"],
    });
    await expectRefused(platform, run("nav-monthly", "--tenant", "acme", "--period", "2026-03"), {
      code: 2,
      error: "TENANT_NOT_FOUND",
      says: ["There is no tenant `acme`", "Did you mean acme-fund?"],
    });
    await expectRefused(platform, run("nav-monthly", ...TENANT, "--entity", "acme-spv2", "--period", "2026-03"), {
      code: 2,
      error: "ENTITY_NOT_FOUND",
      says: ["There is no entity `acme-spv2`", "Did you mean acme-spv1?"],
    });
  });

  it.concurrent("without a start parameter, or with one that does not fit or is not known", async () => {
    const refusal = { code: 2, error: "INPUT_INVALID" };
    await expectRefused(platform, run("nav-monthly", ...PLACE), {
      ...refusal,
      says: ["period: is missing (expected YYYY-MM, such as 2026-03)", "No task was started", "--period 2026-03"],
    });
    const march = [...PLACE, "--period", "2026-03"];
    await expectRefused(platform, run("nav-monthly", ...march, "--param", "managementFeePercent=lots"), {
      ...refusal,
      says: [
        'managementFeePercent: "lots" does not fit',
        "--param managementFeePercent=…",
        "ntro runbook info nav-monthly",
      ],
    });
    await expectRefused(platform, run("nav-monthly", ...march, "--param", "managemntFeePercent=3"), {
      ...refusal,
      says: ["did you mean managementFeePercent?", "ntro runbook info nav-monthly"],
    });
    await expectRefused(platform, run("nav-monthly", ...march, "--json", '{"context":{"managementFeePercent":3}}'), {
      ...refusal,
      says: ["managementFeePercent: 3 does not fit"],
    });
    await expectRefused(platform, run("nav-monthly", ...march, "--priority", "urgent"), {
      ...refusal,
      says: ["LOW, NORMAL or HIGH"],
    });
  });

  it.concurrent("for a month that is none", async () => {
    await expectRefused(platform, run("nav-monthly", ...PLACE, "--period", "2026-13"), {
      code: 2,
      error: "REQUEST_INVALID",
      says: ["--period 2026-13 is not a month", "YYYY-MM, such as 2026-03"],
    });
    await expectRefused(platform, run("nav-monthly", ...PLACE, "--json", '{"context":{"period":"2026-13"}}'), {
      code: 2,
      error: "INPUT_INVALID",
      says: ['period: "2026-13" does not fit', "YYYY-MM, such as 2026-03"],
    });
  });

  it.concurrent("that waits needs --wait for its flags, and a time that is one", async () => {
    const march = ["nav-monthly", ...PLACE, "--period", "2026-03"];
    const refusal = { code: 2, error: "REQUEST_INVALID" };
    await expectRefused(platform, run(...march, "--timeout", "5m"), { ...refusal, says: ["Add --wait"] });
    await expectRefused(platform, run(...march, "--wait", "--timeout", "soon"), { ...refusal, says: ["soon"] });
  });
});

describe("files", () => {
  beforeAll(async () => {
    const started = await platform.json<Task>("workflow", "run", "nav-monthly", ...PLACE, "--period", "2026-03");
    task = started.id;
    await platform.waitForEvent(task, (event) => event.type === "task.gate_opened");
  });

  const submit = (...files: string[]) => ["run", "submit", task, ...files.flatMap((file) => ["--file", file])];
  const refuses = (file: string, error: string, ...says: (string | RegExp)[]) =>
    expectRefused(platform, submit(`trial-balance=${file}`), {
      code: error === "REQUEST_INVALID" ? 2 : 1,
      error,
      says,
    });

  it.concurrent("of another type, by name or by content", async () => {
    const pdf = join(ROOT, "examples/data/rent-roll-2026-03.pdf");
    await refuses(pdf, "FILE_TYPE_REJECTED", "is not a xlsx or csv file", '"trial-balance" takes xlsx, csv');
    const disguised = bundles.file("balance.xlsx", readFileSync(pdf));
    await refuses(
      disguised,
      "FILE_TYPE_REJECTED",
      "balance.xlsx is called xlsx, but its content is not",
      "takes xlsx, csv",
    );
  });

  it.concurrent("empty, too large, not there, or no file", async () => {
    await refuses(bundles.file("empty.xlsx", ""), "FILE_EMPTY", "empty.xlsx has no bytes", "submit it again");
    const large = bundles.file("large.csv", Buffer.alloc(26 * 1024 * 1024, "1,2\n"));
    await refuses(large, "FILE_TOO_LARGE", "26.0 MB; trial-balance takes at most 25 MB", "smaller file");
    await refuses(join(bundles.folder, "none.xlsx"), "REQUEST_INVALID", "There is no file", "--file [<source>=]<path>");
    await refuses(bundles.folder, "REQUEST_INVALID", "is not a file", "--file [<source>=]<path>");
  });

  it.concurrent("empty or too large past the command line, which looks first", async () => {
    const before = await snapshot(platform);
    const send = (name: string, bytes: number) =>
      platform.client().submitFile(task, { name, content: new Blob([new Uint8Array(bytes)]), source: "trial-balance" });
    await expect(send("empty.xlsx", 0)).rejects.toMatchObject({ code: "FILE_EMPTY" });
    await expect(send("large.csv", 26 * 1024 * 1024)).rejects.toMatchObject({ code: "FILE_TOO_LARGE" });
    await expect(send("larger.csv", 110 * 1024 * 1024)).rejects.toMatchObject({ code: "FILE_TOO_LARGE" });
    expect(await snapshot(platform)).toEqual(before);
  });

  it.concurrent("nobody asked for, or without saying for what", async () => {
    const [, balance = ""] = TRIAL_BALANCE.split("=");
    await expectRefused(platform, submit(`lease=${balance}`), {
      code: 2,
      error: "REQUEST_INVALID",
      says: ['does not wait for "lease"', /It waits for: trial-balance .*, rent-roll/],
    });
    await expectRefused(platform, submit(balance), {
      code: 2,
      error: "GATE_AMBIGUOUS",
      says: ["waits for several files", "--file <source>=trial-balance-2026-03.xlsx"],
    });
    await expectRefused(platform, submit(TRIAL_BALANCE, `rent-roll=${bundles.file("empty.pdf", "")}`), {
      code: 1,
      error: "FILE_EMPTY",
      says: ["empty.pdf has no bytes"],
    });
  });

  it.concurrent("for a task that is not there", () =>
    expectRefused(platform, ["run", "submit", randomUUID(), "--file", TRIAL_BALANCE], {
      code: 2,
      error: "TASK_NOT_FOUND",
      says: ["ntro run list"],
    }));

  it.concurrent("a decision instead of them", async () => {
    for (const verb of ["approve", "reject"])
      await expectRefused(platform, ["run", verb, task], {
        code: 1,
        error: "GATE_NOT_OPEN",
        says: ["does not wait for a decision", "It waits for", `ntro run next ${task}`],
      });
  });
});

describe("a review", () => {
  let gate = "";
  beforeAll(async () => {
    const files = ["--file", TRIAL_BALANCE, "--file", RENT_ROLL];
    expect(await platform.ntro("run", "submit", task, ...files)).toMatchObject({ code: 0 });
    await platform.waitForEvent(task, (event) => event.type === "task.gate_opened" && event.data.stepId === "review");
    const shown = await platform.json<Task>("run", "status", task);
    gate = shown.gates[0]?.token ?? "";
  });

  const approve = (...corrections: string[]) => [
    ...["run", "approve", task],
    ...corrections.flatMap((correction) => ["--correct", correction]),
  ];

  it("is not rejected without a reason", () =>
    expectRefused(platform, ["run", "reject", task], {
      code: 2,
      error: "REASON_REQUIRED",
      says: ['Rejecting "Journals of 2026-03" needs a reason', '--reason "…"'],
    }));

  const editable = "editable: account, description, debit, credit";
  const cases: [string, string[], (string | RegExp)[]][] = [
    ["an unknown line", ["9=account=5150"], ["9: there is no such line", "lines 1 to 4"]],
    ["an unknown row", ["fee-xx=account=5150"], ["fee-xx: there is no such row", "fee-dr"]],
    ["an unknown field", ["fee-dr=amount=5"], ["fee-dr amount: there is no such field", editable]],
    ["a field that may not change", ["fee-dr=id=5"], ["fee-dr id: the field may not be changed", editable]],
    ["a value of another type", ["fee-dr=debit=lots"], ['"lots" does not fit, it takes an amount of GBP']],
    ["too many decimals", ["fee-dr=debit=1.005"], ["with at most 2 decimals"]],
    ["a value the schema refuses", ["fee-dr=account=51"], ["an account code has four digits", /ntro run next \S+/]],
    [
      "one wrong among good ones",
      ["fee-dr=account=5150", "fee-cr=debit=x", "rent-dr=debit=1.00"],
      ["A correction was refused, and nothing was decided"],
    ],
    ["two for one cell", ["fee-dr=account=5150", "3=account=5160"], ["is given twice"]],
  ];
  it.concurrent.each(cases)("is not approved with %s, and no correction stays", async (_, corrections, says) => {
    await expectRefused(platform, approve(...corrections), { code: 1, error: "CORRECTION_REFUSED", says });
    const { stdout } = await platform.ntro("run", "next", task);
    expect(stdout).toMatch(/fee-dr +5100 .* 2318\.75/);
  });

  it("is not approved with what is no correction, or at a gate that is not open", async () => {
    await expectRefused(platform, approve("fee-dr"), { code: 2, error: "REQUEST_INVALID", says: ["line=field=value"] });
    await expectRefused(platform, ["run", "approve", task, "--gate", randomUUID()], {
      code: 1,
      error: "GATE_NOT_OPEN",
      says: ["is not open", "Journals of 2026-03"],
    });
  });

  it("takes no file and no second answer", async () => {
    await expectRefused(platform, ["run", "submit", task, "--file", TRIAL_BALANCE], {
      code: 1,
      error: "GATE_NOT_OPEN",
      says: ["does not wait for a file", "Journals of 2026-03"],
    });
    // It does not balance with this correction: approved once, it is asked again at another gate.
    expect(await platform.ntro(...approve("fee-dr=debit=1.00"))).toMatchObject({ code: 0 });
    await platform.waitForEvent(
      task,
      (event) => event.type === "task.gate_opened" && event.data.stepId === "review" && event.data.gate !== gate,
    );
    await expectRefused(platform, ["run", "approve", task, "--gate", gate], {
      code: 1,
      error: "GATE_NOT_OPEN",
      says: [/was approved by Local admin at \d{4}-/, "Journals of 2026-03"],
    });
  });

  it("is approved once, and its task takes nothing after its end", async () => {
    const tries = await Promise.all(
      ["approve", "approve", "approve"].map((verb) => platform.ntro("run", verb, task, "--correct", "3=debit=2318.75")),
    );
    expect(tries.map(({ code }) => code).sort()).toEqual([0, 1, 1]);
    await platform.waitForEvent(task, (event) => event.type === "task.completed");
    const refusal = { code: 1, error: "TASK_CLOSED", says: ["has ended", `ntro run status ${task}`] };
    await expectRefused(platform, ["run", "approve", task], refusal);
    await expectRefused(platform, ["run", "reject", task, "--reason", "late"], refusal);
    await expectRefused(platform, ["run", "submit", task, "--file", TRIAL_BALANCE], refusal);
    await expectRefused(platform, ["run", "cancel", task], refusal);
  });
});

describe("workflow update and delete, tenant delete", () => {
  it.concurrent("of what is not there", async () => {
    const unknown = randomUUID();
    for (const args of [
      ["update", unknown, "--name", "x"],
      ["delete", unknown, "--yes"],
      ["info", unknown],
    ])
      await expectRefused(platform, ["workflow", ...args], { code: 2, error: "WORKFLOW_NOT_FOUND", says: [unknown] });
    await expectRefused(platform, ["workflow", "delete", "nav-monthy", ...PLACE, "--yes"], {
      code: 2,
      error: "WORKFLOW_NOT_FOUND",
      says: ["Did you mean nav-monthly?"],
    });
  });

  it.concurrent("to a schedule that is none", () =>
    expectRefused(platform, ["workflow", "update", "nav-monthly", ...PLACE, "--schedule", "0 8 5 13 *"], {
      code: 2,
      error: "SCHEDULE_INVALID",
      says: ["0 8 5 13 *", "such as"],
    }));

  it("while tasks are open", async () => {
    const open = await platform.json<Task>("workflow", "run", "nav-monthly", ...PLACE, "--period", "2026-04");
    await platform.waitForEvent(open.id, (event) => event.type === "task.gate_opened");
    await expectRefused(platform, ["workflow", "delete", "nav-monthly", ...PLACE, "--yes"], {
      code: 1,
      error: "WORKFLOW_BUSY",
      says: ["still has open tasks", open.id, "ntro run cancel"],
    });
    await expectRefused(platform, ["tenant", "delete", "acme-fund", "--confirm", "acme-fund"], {
      code: 1,
      error: "TENANT_BUSY",
      says: ["open task", /ntro run (list|cancel)/],
    });
    expect(await platform.json("run", "status", open.id)).toMatchObject({ status: "BLOCKED" });
  });

  it.concurrent("without a confirmation, or with another's", async () => {
    await expectRefused(platform, ["workflow", "delete", "nav-monthly", ...PLACE], {
      code: 2,
      error: "REQUEST_INVALID",
      says: ["Add --yes"],
    });
    await expectRefused(platform, ["tenant", "delete", "acme-fund"], {
      code: 2,
      error: "REQUEST_INVALID",
      says: ["--confirm acme-fund"],
    });
    await expectRefused(platform, ["tenant", "delete", "acme-fund", "--confirm", "acme"], {
      code: 2,
      error: "REQUEST_INVALID",
      says: ['"acme" is not the slug of the tenant', "Nothing was deleted"],
    });
  });
});
