/** Stands for `@ntro/runbook/workflow` in the tests of the multiplexer: a runbook is an object with a function `run`. */

interface FixtureRunbook {
  readonly run: (argument: unknown) => unknown;
}

/** The default export as a runbook. */
export function asRunbook(exported: unknown): FixtureRunbook {
  const run: unknown = Object(exported).run;
  if (typeof run !== "function") throw new Error("no runbook");
  return { run: (argument) => Reflect.apply(run, exported, [argument]) };
}

/** What a runbook shows once loaded. */
export function describe(exported: unknown): { fixture: boolean } {
  asRunbook(exported);
  return { fixture: true };
}

/** Runs a runbook as a Temporal workflow. */
export async function execute(runbook: FixtureRunbook, argument: unknown): Promise<unknown> {
  return runbook.run(argument);
}
