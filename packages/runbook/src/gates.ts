import type * as z from "zod";
import type { Duration } from "./runtime";
import type { SubmittedFile } from "./schema";

/** Who decided or submitted. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly via: "person" | "agent" | "system";
}

/** One cell that a person changed. */
export interface CellCorrection {
  readonly rowId: string;
  readonly field: string;
  readonly from: unknown;
  readonly to: unknown;
}

export interface Rejected {
  readonly decision: "rejected";
  readonly reason: string;
  readonly rejectedBy: Person;
  /** ISO 8601 UTC. */
  readonly at: string;
}

export interface TimedOut {
  readonly decision: "timed_out";
  readonly at: string;
}

export interface Approved {
  readonly decision: "approved";
  readonly approvedBy: Person;
  readonly reason: string | null;
  readonly at: string;
}

/** The rows exist only once approved, corrections applied. */
export interface ApprovedRows<Row> extends Approved {
  readonly rows: Row[];
  readonly rejectedRows: Row[];
  readonly corrections: CellCorrection[];
}

/** The arm of a time-out exists where, and only where, one was given. */
type OnTimeout<Timeout> = [Timeout] extends [Duration] ? TimedOut : never;

export type ReviewOutcome<Row, Timeout = undefined> = ApprovedRows<Row> | Rejected | OnTimeout<Timeout>;
export type ApproveOutcome<Timeout = undefined> = Approved | Rejected | OnTimeout<Timeout>;

/** A quality check of a review: a pure function of the rows, run again on every change. It advises; it does not stop an approval. */
export interface Check<Row> {
  readonly id: string;
  readonly title: string;
  run(rows: readonly Row[]): { status: "pass" | "warn" | "fail"; detail?: string };
}

/** Declares a quality check. */
export function check<Row>(definition: Check<Row>): Check<Row> {
  return definition;
}

interface GateOptions<Timeout> {
  readonly title: string;
  readonly instructions?: string;
  /** After this long without an answer the outcome is `timed_out`. Without it the gate waits for ever. */
  readonly timeout?: Timeout;
}

/** A change that a person asks for, while the review is open or together with the approval. */
export interface RowChange {
  readonly action: "edit_cell" | "reject_row" | "restore_row";
  readonly rowId: string;
  /** The column, of an edit. */
  readonly field?: string;
  /** What the cell becomes, as the row's schema writes it. */
  readonly value?: unknown;
  readonly by: Person;
}

/** A row of a review; its `id` tells it from the others. */
export type RowSchema = z.ZodObject<{ id: z.ZodType<string> } & z.ZodRawShape>;

export interface ReviewOptions<R extends RowSchema, Timeout = undefined> extends GateOptions<Timeout> {
  /** The schema of a row: columns, their types and what a correction must fit. `id` names the row. */
  readonly row: R;
  readonly rows: readonly z.output<R>[];
  /** The columns that may be corrected; none unless given. A row keeps its id. */
  readonly editable?: readonly Exclude<keyof z.output<R> & string, "id">[];
  /** Whether single rows may be rejected; they are left out of the approved rows. */
  readonly rejectRows?: boolean;
  readonly checks?: readonly Check<z.output<R>>[];
  /** Shown beside the table. */
  readonly document?: SubmittedFile;
  readonly summary?: string;
  readonly labels?: { readonly approve?: string; readonly reject?: string };
  /**
   * Asked before each change, corrections of the approval included: a sentence refuses it. `rows` are those before the change. A pure function, asked
   * more than once for one change.
   */
  onChange?(change: RowChange, rows: readonly z.output<R>[]): string | undefined;
}

export interface ApproveOptions<Timeout = undefined> extends GateOptions<Timeout> {
  /** What is to be approved; shown as it is. */
  readonly show?: unknown;
  readonly labels?: { readonly approve?: string; readonly reject?: string };
}

export interface FileOptions {
  /** The name of what is submitted, such as `trial-balance`; unique among the files a step asks for. */
  readonly source: string;
  readonly title?: string;
  readonly instructions?: string;
  /** Extensions without the dot; none takes any. */
  readonly accept?: readonly ("xlsx" | "csv" | "pdf" | "json" | "txt" | "xml" | "zip" | "png" | "jpg")[];
  /** Default 25. */
  readonly maxSizeMb?: number;
}

/** A submitted file, and by whom. */
export type Submission = SubmittedFile & { readonly submittedBy: Person; readonly at: string };

/** Waits for people, handed to a step's work. Each call opens a gate of its own; several may be open at once (`Promise.all`). */
export interface Gates {
  /** A table to check and correct, with approve and reject. */
  review<R extends RowSchema, Timeout extends Duration | undefined = undefined>(
    options: ReviewOptions<R, Timeout>,
  ): Promise<ReviewOutcome<z.output<R>, Timeout>>;
  /** Something to approve or reject. */
  approve<Timeout extends Duration | undefined = undefined>(
    options: ApproveOptions<Timeout>,
  ): Promise<ApproveOutcome<Timeout>>;
  /** One file. */
  submitFile(options: FileOptions): Promise<Submission>;
  /** Several files, in any order; each under the key it was asked for. */
  submitFiles<const Files extends Readonly<Record<string, FileOptions>>>(
    files: Files,
    options?: { title?: string; instructions?: string },
  ): Promise<{ [Key in keyof Files]: Submission }>;
}
