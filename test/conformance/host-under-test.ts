import type { StateReport } from "@ntro/contract";

/** The runbooks that a host under test serves; each is described in `test/fixtures/<language>/<slug>/runbook.md`. */
export const FIXTURES = ["review-lines", "collect-files", "at-once", "parent", "leaf", "trouble"] as const;
export type Fixture = (typeof FIXTURES)[number];

/** A host of some language, with the fixtures built for it. */
export interface HostUnderTest {
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

/** Makes a host under test that reaches Temporal at `address`. */
export type StartHost = (address: string) => Promise<HostUnderTest>;
