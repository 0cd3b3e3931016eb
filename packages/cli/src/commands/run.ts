import { runApprove } from "./run-approve";
import { runCancel } from "./run-cancel";
import { runHistory } from "./run-history";
import { runIncoming } from "./run-incoming";
import { runIngest } from "./run-ingest";
import { runList } from "./run-list";
import { runLogs } from "./run-logs";
import { runNext } from "./run-next";
import { runPending } from "./run-pending";
import { runReject } from "./run-reject";
import { runRepair } from "./run-repair";
import { runStatus } from "./run-status";
import { runSubmit } from "./run-submit";

export const runCommands = [
  runStatus,
  runList,
  runHistory,
  runPending,
  runIncoming,
  runLogs,
  runNext,
  runSubmit,
  runIngest,
  runApprove,
  runReject,
  runCancel,
  runRepair,
];
