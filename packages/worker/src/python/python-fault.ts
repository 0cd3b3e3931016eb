import type { Fault } from "@ntro/contract";

/** Why there is no Python environment, as the deployment that needs it is told. */
export class PythonFault extends Error {
  constructor(readonly fault: Fault) {
    super(fault.message);
    this.name = "PythonFault";
  }
}

/** This machine cannot run Python bundles at all. */
export function pythonMissing(message: string, hint: string): PythonFault {
  return new PythonFault({ code: "PYTHON_MISSING", message, path: "", hint });
}
