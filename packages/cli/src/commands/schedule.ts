import { scheduleInfo } from "./schedule-info";
import { scheduleLedger } from "./schedule-ledger";
import { scheduleList } from "./schedule-list";
import { schedulePause } from "./schedule-pause";
import { schedulePreview } from "./schedule-preview";
import { scheduleResume } from "./schedule-resume";
import { scheduleTrigger } from "./schedule-trigger";

export const scheduleCommands = [
  scheduleList,
  scheduleInfo,
  schedulePause,
  scheduleResume,
  scheduleTrigger,
  schedulePreview,
  scheduleLedger,
];
