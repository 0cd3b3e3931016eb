import { clonePython } from "../../scripts/clone-python.mjs";

const ROOT = `${import.meta.dirname}/../..`;

/** The program of the Python base environment, as set-up has made it; `NTRO_TEST_PYTHON` names another. @throws when there is none */
export function testPython(): string {
  const python = process.env.NTRO_TEST_PYTHON ?? clonePython(ROOT)?.python;
  if (!python) throw new Error("There is no Python environment for tests. Run: npm run setup");
  return python;
}
