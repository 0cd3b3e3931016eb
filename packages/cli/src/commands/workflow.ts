import { workflowBackfill } from "./workflow-backfill";
import { workflowBackfillCancel } from "./workflow-backfill-cancel";
import { workflowBackfillStatus } from "./workflow-backfill-status";
import { workflowCreate } from "./workflow-create";
import { workflowDelete } from "./workflow-delete";
import { workflowInfo } from "./workflow-info";
import { workflowList } from "./workflow-list";
import { workflowRun } from "./workflow-run";
import { workflowUpdate } from "./workflow-update";

export const workflowCommands = [
  workflowCreate,
  workflowRun,
  workflowBackfill,
  workflowBackfillStatus,
  workflowBackfillCancel,
  workflowList,
  workflowInfo,
  workflowUpdate,
  workflowDelete,
];
