import type * as z from "zod";
import type { Activity, Frozen } from "./activity";
import type { Gates } from "./gates";
import type { Duration } from "./runtime";

/** A child runbook with the schemas its input and result are checked by. */
export interface ChildRunbook<I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType> {
  readonly kind: "ntro.child";
  readonly slug: string;
  readonly input: I;
  readonly output: O;
}

/** Declares a child runbook by its slug. The version is fixed when the task starts (its lock). */
export function childRunbook<I extends z.ZodType, O extends z.ZodType>(
  slug: string,
  schemas: { input: I; output: O },
): ChildRunbook<I, O> {
  return { kind: "ntro.child", slug, ...schemas };
}

/** A child by its slug alone, or with schemas. */
export type ChildDeclaration = string | ChildRunbook;
type ChildInput<C> = C extends ChildRunbook<infer I> ? z.input<I> : Record<string, unknown>;
type ChildOutput<C> = C extends ChildRunbook<z.ZodType, infer O> ? z.output<O> : unknown;

/** Starts a child and waits for its result. `source` tells several children of one runbook in one step apart. */
interface StartChild<C> {
  (input: ChildInput<C>, options?: { source?: string }): Promise<ChildOutput<C>>;
  /** Several at once; the keys are their sources. When one fails the others go on to their ends, then the first failure is thrown. */
  all<const Inputs extends Readonly<Record<string, ChildInput<C>>>>(
    inputs: Inputs,
  ): Promise<{ [Key in keyof Inputs]: ChildOutput<C> }>;
}

/** The activities among a module's exports, callable from workflow code. */
type Calls<Activities> = {
  [Key in keyof Activities as Activities[Key] extends Activity ? Key : never]: Activities[Key] extends Activity<
    infer I,
    infer O
  >
    ? (input: z.input<I>) => Promise<z.output<O>>
    : never;
};

/** What a step's work is handed. */
export interface StepTools<Activities, Children> extends Gates {
  readonly act: Calls<Activities>;
  readonly child: { readonly [Key in keyof Children]: StartChild<Children[Key]> };
  /** Shown to people at the gates that are open and at the next one, until that is answered or other feedback is given. */
  feedback(level: "info" | "warning" | "error", message: string): void;
  sleep(duration: Duration): Promise<void>;
  /** Waits until a moment; at once when it has passed. */
  waitUntil(moment: Date): Promise<void>;
}

export interface RunContext<Input, Activities, Children, Steps> {
  readonly input: Input;
  readonly step: {
    readonly [Key in keyof Steps]: <Result>(
      work: (tools: StepTools<Activities, Children>) => Promise<Result> | Result,
    ) => Promise<Result>;
  };
  readonly tenant: { readonly id: string; readonly slug: string };
  readonly entity: { readonly id: string; readonly slug: string };
  readonly task: { readonly id: string };
  /** Configuration of tenant and entity, as the platform merged it. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** A step: its title and the name of a Lucide icon. */
export type StepDeclaration = readonly [title: string, icon?: string];

export interface RunbookDefinition<
  I extends z.ZodType,
  O extends z.ZodType,
  Activities,
  Children,
  Steps,
  Result = z.input<O>,
> {
  /** The start parameters. Reads the same as `config_schema.global` of runbook.md, where that is given. */
  readonly input: I;
  /** What the task results in. */
  readonly output: O;
  /** The module of activities: `import * as activities from "./activities"`. */
  readonly activities: Activities;
  readonly children?: Children;
  /** The ladder, in the order it is shown. */
  readonly steps: Steps;
  /**
   * The process, top to bottom. What a step begins (gates, activities, children) it awaits; when a step fails, what it has begun is cancelled and its gates
   * are closed.
   */
  run(context: RunContext<z.output<I>, Activities, Children, Steps>): Promise<Result>;
}

/** A runbook as {@link runbook} makes it; the default export of `templates/workflow.ts`. */
export interface Runbook {
  readonly kind: "ntro.runbook";
  readonly definition: RunbookDefinition<
    z.ZodObject,
    z.ZodType,
    Record<string, unknown>,
    Record<string, ChildDeclaration>,
    Record<string, StepDeclaration>
  >;
}

/** Declares a runbook. Everything is inferred: step, activity, child and column names are known to the compiler. */
export function runbook<
  I extends z.ZodObject,
  O extends z.ZodType,
  Activities extends object,
  const Steps extends Readonly<Record<string, StepDeclaration>>,
  const Result extends Frozen<z.input<O>>,
  const Children extends Readonly<Record<string, ChildDeclaration>> = Record<never, never>,
>(definition: RunbookDefinition<I, O, Activities, Children, Steps, Result>): Runbook {
  return { kind: "ntro.runbook", definition: definition as unknown as Runbook["definition"] };
}
