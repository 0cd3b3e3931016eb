import type * as z from "zod";
import type { Duration } from "./runtime";
import type { SubmittedFile } from "./schema";

/** A cell of a spreadsheet: text, number, boolean, date (UTC midnight) or empty. */
export type Cell = string | number | boolean | Date | null;

/** The tenant's own Postgres database. Parameters are `$1`, `$2`, …; never build SQL from values. */
export interface Database {
  /** The rows of one statement, keys as the columns are named. `numeric` and `bigint` come as strings. */
  query<Row extends Record<string, unknown>>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
  /** Runs `work` in one transaction: all of it or nothing. */
  transaction<T>(work: (database: Database) => Promise<T>): Promise<T>;
}

/** Files that people submitted, by reference. */
export interface Documents {
  bytes(file: SubmittedFile): Promise<Uint8Array>;
  /** The plain text of a PDF (pages parted by a form feed), or of a text file (UTF-8). */
  text(file: SubmittedFile): Promise<string>;
  /** The rows of a sheet of an .xlsx workbook (the first, or the one named), or of a .csv file; values only. */
  rows(file: SubmittedFile, options?: { sheet?: string }): Promise<Cell[][]>;
}

/** The tenant's folder for files that tasks make. Paths are relative and cannot leave it. */
export interface Storage {
  /** Writes a file whole or not at all and gives where it lies. */
  write(path: string, content: Uint8Array | string): Promise<StoredFile>;
  read(path: string): Promise<Uint8Array>;
  /** Writes an .xlsx workbook. Text stays text, so nothing a person typed becomes a formula. */
  writeWorkbook(path: string, sheets: readonly Sheet[]): Promise<StoredFile>;
}

export interface StoredFile {
  readonly path: string;
  /** Where it lies on the host's disk. */
  readonly location: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** A sheet of a workbook to write. Amounts are given as decimal strings as `{ amount: "12.50" }`. */
export interface Sheet {
  readonly name: string;
  readonly rows: readonly (readonly (Cell | Amount)[])[];
  /** Widths in characters, by column. */
  readonly widths?: readonly number[];
}

/** An amount of money in a sheet: shown as a number with two decimals. */
export interface Amount {
  readonly amount: string;
}

/** What an activity is handed besides its input. It is run again when it fails, so effects should be keyed by `idempotencyKey`. */
export interface ActivityContext {
  readonly tenant: { readonly id: string; readonly slug: string };
  readonly entity: { readonly id: string; readonly slug: string };
  readonly task: { readonly id: string };
  readonly step: string;
  readonly db: Database;
  readonly documents: Documents;
  readonly storage: Storage;
  /** The same for every attempt of this call, different for every other call of this or any task. */
  readonly idempotencyKey: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** Aborted when the task is cancelled, the activity timed out or the host stops. */
  readonly signal: AbortSignal;
  /** Tells that a long activity is alive; beats are also sent on their own while the event loop is free. */
  heartbeat(details?: unknown): void;
  /** A line in the task's log; never put secrets or amounts into it. */
  log(message: string): void;
}

export interface ActivityPolicy {
  /** Milliseconds-level work without waiting on others: runs inside the workflow's own turn, without a queue. Must end within 10 s. */
  readonly short?: boolean;
  /** Longest time of one attempt. Default 5 minutes (10 s when short). */
  readonly timeout?: Duration;
  /** How often it is tried in all and how long between: the delay doubles from `firstDelay` (default 1 s) to `maxDelay` (default 1 minute). Default 5 attempts. */
  readonly retry?: { readonly attempts?: number; readonly firstDelay?: Duration; readonly maxDelay?: Duration };
  /** After the last attempt: `fail` the task (default), or `ask` a person whether to try again or give up. */
  readonly onFailure?: "fail" | "ask";
}

/**
 * A type whose arrays and properties may be read only. What authors return is inferred against it as a constant: so a literal such as
 * `"ok"` keeps its type, which it would lose against a schema's type alone.
 */
export type Frozen<T> = T extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Frozen<T[Key]> }
    : T;

/** An activity as {@link activity} makes it. */
export interface Activity<I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType> {
  readonly kind: "ntro.activity";
  readonly input: I;
  readonly output: O;
  readonly policy: ActivityPolicy;
  run(input: z.output<I>, context: ActivityContext): Promise<z.input<O>> | z.input<O>;
}

/**
 * Declares an activity: one place of side effects. Its input and output are checked by their schemas on every call; both must be JSON as they are
 * (money and dates as strings). Results over 1 MB are refused: store them and return a reference.
 */
export function activity<I extends z.ZodType, O extends z.ZodType, const Result extends Frozen<z.input<O>>>(
  definition: ActivityPolicy & {
    readonly input: I;
    readonly output: O;
    run(input: z.output<I>, context: ActivityContext): Promise<Result> | Result;
  },
): Activity<I, O> {
  const { input, output, run, ...policy } = definition;
  return { kind: "ntro.activity", input, output, policy, run: run as Activity<I, O>["run"] };
}

/** Whether a module's export is an activity. */
export function isActivity(value: unknown): value is Activity {
  return typeof value === "object" && value !== null && (value as { kind?: unknown }).kind === "ntro.activity";
}
