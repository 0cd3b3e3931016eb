import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAcme, NAV, PLACE, Platform, RENT_ROLL, TRIAL_BALANCE, type Victim } from "../platform";

/**
 * Whatever dies by SIGKILL at whatever step of the job, the job ends as it would have: the same task, the same answers, the same result. Each victim dies at
 * every step of one task; `up` dies with everything it started left behind, and is started again.
 */
export function survivesAtEveryStep(victims: readonly Victim[]): void {
  const platform = new Platform();
  beforeAll(async () => {
    await platform.up();
    await createAcme(platform);
  });
  afterAll(() => platform.remove());
  describe.each(victims.map((victim, index) => ({ victim, period: `2025-0${index + 1}` })))(
    "SIGKILL of $victim",
    ({ victim, period }) => {
      it("at every step loses nothing", { timeout: 180_000 }, () => killAtEveryStep(platform, victim, period));
    },
  );
}

const approval = (id: string) => ["run", "approve", id, "--correct", "fee-dr=account=5150"];

async function killAtEveryStep(platform: Platform, victim: Victim, period: string): Promise<void> {
  /** Kills, and starts again what does not start itself again. */
  const strike = async () => {
    await platform.kill(victim);
    if (victim === "up") await platform.up();
  };
  await strike();
  await platform.typed("workflow", "create", "--path", NAV, ...PLACE);
  await strike();
  const { id } = JSON.parse(
    await platform.typed("workflow", "run", "nav-monthly", ...PLACE, "--period", period, "-o", "json"),
  ) as { id: string };
  await strike();
  await platform.typed("run", "status", id, "--wait", "--no-wait-human");
  await platform.typed("run", "submit", id, "--file", TRIAL_BALANCE);
  await strike();
  await platform.typed("run", "submit", id, "--file", RENT_ROLL);
  await strike();
  await platform.waitForEvent(id, (event) => event.type === "task.gate_opened" && event.data.stepId === "review");
  await strike();
  // The answer is under way while the part dies; it may have been taken although nobody heard so.
  const approving = platform.ntro(...approval(id));
  await strike();
  let answer = await approving;
  while (answer.code === 4) answer = await platform.ntro(...approval(id));
  if (answer.code !== 0) expect(answer.stderr).toMatch(/was approved by|does not wait for a decision|has ended/);
  await platform.waitForEvent(id, (event) => event.type === "task.completed");
  const task = await platform.client().call("tasks.get", { params: { id } });
  expect(task).toMatchObject({ status: "COMPLETED", result: { period, nav: "6833039.55", journals: 4 } });
}
