import { randomUUID } from "node:crypto";
import { Client, Connection } from "@temporalio/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Endings } from "../support/endings";
import { startTestTemporal } from "../support/temporal";
import { type PythonRevision, pythonHosts, revisionOf, type ServingPython } from "./python-host";
import { Reports } from "./reports";
import { startTask } from "./trial";

/** A runbook that tells what its version's own modules and data files hold, before and after an approval. */
function priceList(version: string, price: string, more: Record<string, string> = {}): PythonRevision {
  const files = {
    "runbook.md": `---\nslug: price-list\nname: Price list\nversion: ${version}\nstate: DRAFT\nauthor: ntro\n---\n\n# Price list\n`,
    "templates/prices.json": JSON.stringify({ price }),
    "templates/models.py": MODELS,
    "templates/activities.py": ACTIVITIES,
    "templates/workflow.py": WORKFLOW,
    ...more,
  };
  return revisionOf("price-list", version, new Map(Object.entries(files)));
}

const MODELS = `
from pathlib import Path
import json

from pydantic import BaseModel

PRICE = json.loads((Path(__file__).parent / "prices.json").read_text())["price"]
seen = []


class Prices(BaseModel):
    in_workflow: list[str]
    in_activity: str
    seen: int
`;

const ACTIVITIES = `
import json
from pathlib import Path

from ntro.workflow import activity


@activity.defn(name="price_list.read")
async def read() -> str:
    return json.loads((Path(__file__).parent / "prices.json").read_text())["price"]
`;

const WORKFLOW = `
from datetime import timedelta

from ntro.workflow import NtroWorkflow, runbook

from .activities import read
from .models import PRICE, Prices, seen


@runbook.defn
class PriceListWorkflow(NtroWorkflow):
    @runbook.step(name="ask", title="Ask")
    async def _ask(self) -> str:
        await self.wait_for_action(reason=f"Sell at {PRICE}?")
        return await runbook.execute_activity(read, start_to_close_timeout=timedelta(seconds=9))

    @runbook.run
    async def run(self) -> Prices:
        before = PRICE
        seen.append(before)
        read_again = await self._ask()
        return Prices(in_workflow=[before, PRICE], in_activity=read_again, seen=len(seen))
`;

/** What Temporal's sandbox does not let a bundle import. */
const UNSANDBOXABLE = `
import urllib.request


class Quiet(urllib.request.Request):
    """Refused by the sandbox: it stands for a module of nondeterministic things."""
`;

const first = priceList("1.0.0", "10.00");
const second = priceList("2.0.0", "20.00", {
  "templates/__init__.py": "",
  "templates/quiet.py": UNSANDBOXABLE,
  "templates/workflow.py": `from . import quiet\n${WORKFLOW}`,
});
/** Fails with what has no end when it is told. */
const endless = priceList("4.0.0", "40.00", {
  "templates/workflow.py": WORKFLOW.replace(
    "        before = PRICE\n",
    "        error = ValueError(PRICE)\n        raise error from error\n",
  ),
});
const broken = priceList("3.0.0", "30.00", { "templates/models.py": `${MODELS}PRICE = no_such_name\n` });

let client: Client;
let serving: ServingPython;
const queue = randomUUID();
const reports = new Reports();
const endings = new Endings();

beforeAll(async () => {
  const temporal = await startTestTemporal();
  endings.add(temporal.stop);
  const connection = await Connection.connect({ address: temporal.address });
  endings.add(() => connection.close());
  client = new Client({ connection });
  const hosts = await pythonHosts(temporal.address, [first, second, broken, endless]);
  endings.add(hosts.stop);
  serving = await hosts.serve(queue, reports.take);
  endings.add(serving.stop);
});

afterAll(() => endings.all());

const start = ({ type }: PythonRevision) => startTask({ client, reports, place: { type, queue }, lock: {} });

test("two versions of one runbook are in flight in one process, each with its own modules and files", async () => {
  const tasks = await Promise.all([start(first), start(second), start(first)]);
  const prices = ["10.00", "20.00", "10.00"];
  const gates = await Promise.all(tasks.map((task, index) => task.gate(`Sell at ${prices[index]}?`)));
  for (const [index, task] of tasks.entries()) await task.approve(gates[index] ?? { token: "" });
  const results = await Promise.all(tasks.map((task) => task.result()));
  expect(results).toMatchObject(prices.map((price) => ({ in_workflow: [price, price], in_activity: price })));
  // In the sandbox no task sees what another left in a module.
  expect(results[0]).toMatchObject({ seen: 1 });
  expect(results[2]).toMatchObject({ seen: 1 });
});

test("a deployment says why its revision runs outside the sandbox, and nothing of one that does not", async () => {
  const [sandboxed, not] = [await serving.prepare(first), await serving.prepare(second)];
  expect(sandboxed.at(-1)).toMatchObject({ status: "ready", described: { steps: [{ id: "ask", title: "Ask" }] } });
  expect(noticesOf(sandboxed.at(-1))).toEqual([]);
  expect(noticesOf(not.at(-1))).toEqual([expect.stringMatching(/outside Temporal's sandbox.*urllib.*quiet\.py/s)]);
});

test("a revision that cannot be loaded fails its deployment, with file and line, and leaves the others alone", async () => {
  const task = await start(first);
  const gate = await task.gate();
  const told = await serving.prepare(broken);
  expect(told.at(-1)).toMatchObject({
    status: "failed",
    faults: [
      {
        path: "templates/models.py",
        line: MODELS.split("\n").length,
        message: expect.stringContaining("no_such_name"),
      },
    ],
  });
  await task.approve(gate);
  expect(await task.result()).toMatchObject({ in_workflow: ["10.00", "10.00"] });
});

test("a failure that cannot be told to Temporal is reported as one of the code", async () => {
  const task = await start(endless);
  const { failure } = await task.codeFailing();
  expect(failure.message).toContain("cannot be told to Temporal");
  await task.handle.terminate();
});

function noticesOf(report: unknown): readonly string[] {
  return (report as { described: { notices?: string[] } }).described.notices ?? [];
}
