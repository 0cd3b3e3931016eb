export { type BuildPreludeOptions, buildPrelude } from "./build-prelude";
export { mapStack } from "./map-stack";
export { createMuxWorker, MuxWorker, type MuxWorkerOptions, type WorkerTuning } from "./mux-worker";
export { type ReplayOptions, type ReplayOutcome, replayHistory } from "./replay";
export type { ActivationFailure, ActivationFailureKind, ExecutionInfo, Prelude, Revision } from "./revision";
export { assertSdkShape, SDK_VERSION } from "./sdk-worker";
export type { PoolStatus } from "./thread-pool";
