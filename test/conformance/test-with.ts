import { test } from "vitest";
import { FEATURES, type Feature, type HostUnderTest } from "./host-under-test";

/** A case that needs a feature of authoring: skipped, with the reason in its name, for a host whose SDK has nothing of the kind. */
export function testWith(host: HostUnderTest, feature: Feature, name: string, run: () => Promise<void>): void {
  if (host.lacks.has(feature)) test.skip(`${name} (${host.language}: ${FEATURES[feature]})`, run);
  else test(name, run);
}
