// Writes the prelude and its digest into the folder that is given; run by scripts/build-sdk.mjs.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildPrelude } from "../packages/worker/src/host/mux/build-prelude";

const folder = process.argv[2] ?? "dist/prelude";
const { code, digest } = await buildPrelude();
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "prelude.js"), code);
writeFileSync(join(folder, "prelude.digest"), `${digest}\n`);
