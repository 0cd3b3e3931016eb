import { UPDATES } from "@ntro/contract";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ScriptedPlatform } from "../../../../test/support/scripted-platform";
import { giveAnswer } from "./answer";

let platform: ScriptedPlatform;
beforeAll(async () => {
  platform = await ScriptedPlatform.start();
  await platform.bind();
});
afterAll(() => platform?.stop());

it("reaches its gate, though the host that gets it has yet to load the execution", async () => {
  const { task, gate } = await platform.runToGate([{ do: "review", title: "With nothing before it" }]);
  await platform.stopWorker();
  const actor = { id: "k", name: "Ann", via: "person" } as const;
  const answered = giveAnswer(
    platform.server.services,
    { id: task.id, tenant_id: task.tenantId, failure: null },
    {
      workflowId: task.id,
      gate,
      updateName: UPDATES.decide,
      argument: { gate, type: "approved", actedBy: actor },
      shown: null,
      actor,
    },
  );
  await platform.startWorker();
  await answered;
  await expect.poll(async () => (await platform.server.services.engine.describe(task.id)).status).toBe("completed");
});
