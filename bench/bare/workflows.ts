import { proxyActivities, proxyLocalActivities } from "@temporalio/workflow";

type NoOps = Record<"first" | "second" | "third", (input: object) => Promise<object>>;

const { first, second, third } = proxyActivities<NoOps>({ startToCloseTimeout: "1 minute" });
const local = proxyLocalActivities<NoOps>({ startToCloseTimeout: "1 minute" });

/** Three activities that do nothing. */
export async function noOp(): Promise<string> {
  await first({});
  await second({});
  await third({});
  return "done";
}

/** The same three as local activities. */
export async function noOpLocal(): Promise<string> {
  await local.first({});
  await local.second({});
  await local.third({});
  return "done";
}
