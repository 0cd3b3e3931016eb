#!/usr/bin/env node
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { productVersion } from "./version";

const argv = process.argv.slice(2);

// The commonest question needs none of the rest.
if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-v")) {
  process.stdout.write(`${productVersion()}\n`);
} else {
  const [{ runNtro }, { processTerminal }] = await Promise.all([import("./program"), import("./terminal")]);
  // `ntro … | head` closes the pipe early; that is no error.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 4));
  const dist = process.env.NTRO_DIST ?? dirname(fileURLToPath(import.meta.url));
  const exit = await runNtro(argv, processTerminal(dist));
  // Open streams must not keep the process; what was written goes out first.
  process.stdout.write("", () => process.stderr.write("", () => process.exit(exit)));
}
