/** Laid out as NTRO_PYTHON_HOME of a worker, so that no test makes its own. */
export function pythonHome(root: string): string;
/** Where set-up notes what it has made. */
export function noteFile(root: string): string;
/** Of everything that the environments are made of. */
export function locksDigest(root: string): string;
/** The program of the base environment and the folder with pytest, mypy and ruff, if set-up has made them for these locks. */
export function clonePython(root: string): { python: string; tools: string } | undefined;
