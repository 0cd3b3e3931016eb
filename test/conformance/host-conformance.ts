import { afterAll, beforeAll, describe } from "vitest";
import { atOnce } from "./cases/at-once";
import { children } from "./cases/children";
import { failures } from "./cases/failures";
import { files } from "./cases/files";
import { reports } from "./cases/reports";
import { reviews } from "./cases/reviews";
import { shapes } from "./cases/shapes";
import type { HostUnderTest } from "./host-under-test";
import { startTrial, type Trial } from "./trial";

/**
 * What every host must do, whatever its language: the cases know queries, signals, updates, reports and the fixtures' behaviour, nothing of how they
 * are written. Call it in a test file of its own.
 */
export function hostConformance(host: HostUnderTest): void {
  describe(`the ${host.language} host`, () => {
    let trial: Trial | undefined;
    beforeAll(async () => {
      trial = await startTrial(host);
    });
    afterAll(() => trial?.stop());
    const running = () => {
      if (!trial) throw new Error("The host did not start.");
      return trial;
    };
    describe("shapes", () => shapes(host, running));
    describe("reviews", () => reviews(host, running));
    describe("files", () => files(host, running));
    describe("several gates at once", () => atOnce(running));
    describe("children", () => children(running));
    describe("failures", () => failures(host, running));
    describe("reports", () => reports(running));
  });
}
