import { pythonHome } from "../../scripts/clone-python.mjs";

const ROOT = `${import.meta.dirname}/../..`;

/** Once before all tests: the Python environments they use, as set-up has made them. Where that has not happened, the first test that needs one makes it there. */
export default function findPython(): void {
  process.env.NTRO_PYTHON_HOME ||= pythonHome(ROOT);
}
