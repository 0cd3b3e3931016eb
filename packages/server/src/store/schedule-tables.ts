import type { EarlierOutcome } from "@ntro/contract";
import type { ColumnType, Generated, RawBuilder } from "kysely";
import type { JsonNullable, Nullable, UpdatedAt } from "./columns";

/** The ledger of schedules, and their pauses. */
export interface ScheduleTables {
  /** What became of each nominal time of each schedule; times that are due have no row yet. */
  schedule_runs: {
    workflow_id: string;
    nominal_time: Date;
    outcome: "ran" | "skipped" | "missed" | "failed";
    /** Its own task; of a skipped one the task it gave way to. */
    task_id: Nullable<string>;
    /** See NoTask of core/dispatch.ts. */
    cause: Nullable<string>;
    reason: Nullable<string>;
    /** The accounting period that it is, or would be, for. */
    period: string;
    recorded_at: UpdatedAt;
    /** How it stood before somebody made up for it. */
    earlier: JsonNullable<EarlierOutcome>;
    made_up_by: Nullable<string>;
  };
  schedule_pauses: {
    id: Generated<string>;
    workflow_id: string;
    since: ColumnType<Date, Date | RawBuilder<Date>, never>;
    paused_by: string;
    reason: Nullable<string>;
    until: ColumnType<Date | null, null | undefined, Date | RawBuilder<Date>>;
    resumed_by: Nullable<string>;
  };
}
