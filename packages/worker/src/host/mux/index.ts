export { buildPrelude } from "./build-prelude";
export { mapStack } from "./map-stack";
export { createMuxWorker, MuxWorker } from "./mux-worker";
export { type ReplayOutcome, replayHistory } from "./replay";
export type { ActivationFailure, ExecutionInfo, Prelude, Revision } from "./revision";
