import type { Language, StateReport } from "@ntro/contract";

/** The runbooks that a host under test serves; each is described in `test/fixtures/<language>/<slug>/runbook.md`. */
export const FIXTURES = ["review-lines", "collect-files", "at-once", "parent", "leaf", "trouble"] as const;
export type Fixture = (typeof FIXTURES)[number];

/**
 * What authors can say with one SDK and have no words for with another, and the reason that the skipped cases give.
 * Nothing else may be skipped: that something is hard for a host is no reason.
 */
export const FEATURES = {
  rowSchemas: "rows have no schema that refuses corrections",
  approvalRules: "authors have no say before an approval with corrections is taken",
  restoredRows: "the author's own handler takes rejected rows out, and has no word for putting them back",
  outputSchemas: "outputs have no schema that refuses them",
  checksAgain: "checks run once, when their gate opens",
  askOnFailure: "activities do not ask people whether to go on",
  shortActivities: "activities are not declared short",
  awaitedWork: "work may be begun and not awaited",
  signalsByGate: "signals with files reach the author's own handler, whatever is open",
} as const;
export type Feature = keyof typeof FEATURES;

/** A host of some language, as the suite knows it before it runs. */
export interface HostUnderTest {
  readonly language: Language;
  /** What its SDK cannot express. */
  readonly lacks: ReadonlySet<Feature>;
  /** Makes one that reaches Temporal at `address`, with the fixtures built for it. */
  start(address: string): Promise<StartedHost>;
}

/** A host with the fixtures at hand. */
export interface StartedHost {
  /** The workflow type of each fixture. */
  readonly types: Readonly<Record<Fixture, string>>;
  /** Serves all fixtures on a task queue; what the host would report to the server goes to `report`. */
  serve(queue: string, report: (report: StateReport) => void): Promise<ServingHost>;
  stop(): Promise<void>;
}

/** A host that polls a queue. */
export interface ServingHost {
  /** Drains and ends. */
  stop(): Promise<void>;
}
