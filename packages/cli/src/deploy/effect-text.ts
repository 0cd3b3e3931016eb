import type { Deployment } from "@ntro/contract";
import { minute } from "../times";
import { revisionText } from "../versions/named-revision";

/**
 * What became of the current version with a deployment that is ready, in a few words: others deploy the same runbook too, so whether it is current is one
 * question and whether it still is, or will be for long, another.
 */
export function effectText(deployment: Deployment): string {
  const { currentNow: now, overtakenBy: next } = deployment;
  if (!now) return deployment.current ? "it is current" : "the current version stays as it is";
  const which = `${revisionText(now)}${now.by === null ? "" : ` of ${now.by}`}`;
  const isIt = now.version === deployment.version && now.digest === deployment.digest;
  if (!isIt)
    return deployment.current
      ? `it was current and ${which} has taken its place`
      : `${which} stays current (since ${minute(now.since)})`;
  return next ? `it is current until ${revisionText(next)} of ${next.by} is ready, asked for later` : "it is current";
}
