import { join } from "node:path";
import { findTemporalBinary } from "../../packages/cli/src/embedded/temporal-binary";

/** Once before all tests: the Temporal CLI they use, as set-up has installed it. Installs it where that has not happened, before tests would do so side by side. */
export default async function findTemporal(): Promise<void> {
  const cache = join(import.meta.dirname, "../../.cache");
  process.env.NTRO_TEMPORAL_BIN ||= await findTemporalBinary(cache, (line) => process.stderr.write(`${line}\n`));
}
