export {
  type Activity,
  type ActivityContext,
  type ActivityPolicy,
  type Amount,
  activity,
  type Cell,
  type Database,
  type Documents,
  type Sheet,
  type Storage,
  type StoredFile,
} from "./activity";
export { decimal } from "./decimal";
export { fail, RunbookFailure } from "./failure";
export {
  type Approved,
  type ApprovedRows,
  type ApproveOptions,
  type ApproveOutcome,
  type CellCorrection,
  type Check,
  check,
  type FileOptions,
  type Gates,
  type Person,
  type Rejected,
  type ReviewOptions,
  type ReviewOutcome,
  type RowChange,
  type RowSchema,
  type Submission,
  type TimedOut,
} from "./gates";
export {
  type ChildRunbook,
  childRunbook,
  type Runbook,
  type RunbookDefinition,
  type RunContext,
  runbook,
  type StepDeclaration,
  type StepTools,
} from "./runbook";
export { type Duration, now, sleep, uuid } from "./runtime";
export { currencyDecimals, date, money, period, SubmittedFile } from "./schema";
