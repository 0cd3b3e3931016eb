import type { NextStep, OpenGate } from "@ntro/contract";
import { expect } from "vitest";
import type { Platform } from "./platform";

/** Every gate that a task and its children have open. */
export async function openGates(platform: Platform, task: string): Promise<readonly OpenGate[]> {
  const next: NextStep = await platform.client().call("tasks.nextStep", { params: { id: task } });
  return next.action === "review" || next.action === "submit_file" ? next.gates : [];
}

/** Waits until so many reviews of a task, its children's too, are open; they come in the order of their titles. */
export async function openReviews(platform: Platform, task: string, count = 1): Promise<OpenGate[]> {
  let reviews: OpenGate[] = [];
  await expect
    .poll(async () => {
      reviews = (await openGates(platform, task)).filter(({ kind }) => kind === "interactive_review");
      return reviews.length;
    })
    .toBe(count);
  return reviews.sort((a, b) => a.title.localeCompare(b.title));
}

/** Waits until exactly one review is open, which is another than the one given. */
export async function nextReview(platform: Platform, task: string, before: OpenGate): Promise<OpenGate> {
  let found: OpenGate | undefined;
  await expect
    .poll(async () => {
      found = (await openGates(platform, task)).find(
        ({ kind, token }) => kind === "interactive_review" && token !== before.token,
      );
      return found !== undefined;
    })
    .toBe(true);
  return found ?? before;
}
