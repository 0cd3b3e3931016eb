export { runNtro } from "./program";
export type { Sink, Terminal } from "./terminal";
