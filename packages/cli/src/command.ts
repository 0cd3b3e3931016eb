import type { Context } from "./context";

/** One option of a command; its flag is its key in kebab-case. */
export interface OptionSpec {
  readonly help: string;
  /** Name of the value it takes; without it the option is a switch. */
  readonly value?: string;
  /** A one-letter form such as `-n`. */
  readonly short?: string;
  /** May be given several times. */
  readonly repeat?: true;
  readonly required?: true;
  readonly choices?: readonly string[];
  /** Works, but is not shown. */
  readonly hidden?: true;
}

/** One positional argument. */
export interface ArgumentSpec {
  readonly help: string;
  readonly optional?: true;
}

type OptionSpecs = Readonly<Record<string, OptionSpec>>;
type ArgumentSpecs = Readonly<Record<string, ArgumentSpec>>;

type OptionValue<O extends OptionSpec> = O extends { readonly value: string }
  ? O extends { readonly repeat: true }
    ? readonly string[]
    : O extends { readonly required: true }
      ? string
      : string | undefined
  : boolean;

/** The values of a command's options, by key. */
type OptionsOf<O extends OptionSpecs> = { readonly [key in keyof O]: OptionValue<O[key]> };
/** The values of a command's arguments, by key. */
type ArgumentsOf<A extends ArgumentSpecs> = {
  readonly [key in keyof A]: A[key] extends { readonly optional: true } ? string | undefined : string;
};

/** The process's exit code: 0 done · 1 the answer is no · 2 wrong usage · 3 waiting on a person · 4 could not reach or start something · 130 Ctrl-C. */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 130;

interface CommandSpec<A extends ArgumentSpecs, O extends OptionSpecs> {
  /** One word, or two where a noun has several things of a kind: `secret set`. */
  readonly name: string;
  /** One line, without a full stop. */
  readonly summary: string;
  /** Shown first in its help. */
  readonly examples: readonly string[];
  /** More that help shows at its end. */
  readonly notes?: string;
  readonly arguments?: A;
  readonly options?: O;
  /** Two options that cannot be given together. */
  readonly conflicts?: readonly (readonly [keyof O & string, keyof O & string])[];
  /** `own`: the command ends itself in order at Ctrl-C; otherwise the process ends at once with 130. */
  readonly interrupt?: "own";
  /** Does it; whatever is heavy is imported here and not at the head of the file. Undefined counts as 0. */
  run(context: Context, input: { args: ArgumentsOf<A>; options: OptionsOf<O> }): Promise<ExitCode | undefined>;
}

/** A command as data, with its types closed over. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly examples: readonly string[];
  readonly notes: string;
  readonly arguments: ArgumentSpecs;
  readonly options: OptionSpecs;
  readonly conflicts: readonly (readonly [string, string])[];
  readonly interrupt: "own" | "end";
  /** @param args values in the order of `arguments` @param options values by key */
  run(
    context: Context,
    args: readonly (string | undefined)[],
    options: Readonly<Record<string, unknown>>,
  ): Promise<ExitCode>;
}

/** Declares a command; types of `args` and `options` follow from their declarations. */
export function defineCommand<
  const A extends ArgumentSpecs = Record<never, ArgumentSpec>,
  const O extends OptionSpecs = Record<never, OptionSpec>,
>(spec: CommandSpec<A, O>): Command {
  const argumentSpecs: ArgumentSpecs = spec.arguments ?? {};
  const optionSpecs: OptionSpecs = spec.options ?? {};
  return {
    name: spec.name,
    summary: spec.summary,
    examples: spec.examples,
    notes: spec.notes ?? "",
    arguments: argumentSpecs,
    options: optionSpecs,
    conflicts: spec.conflicts ?? [],
    interrupt: spec.interrupt ?? "end",
    async run(context, args, options) {
      const named = Object.fromEntries(Object.keys(argumentSpecs).map((key, index) => [key, args[index]]));
      const given = Object.fromEntries(
        Object.entries(optionSpecs).map(([key, option]) => [key, options[key] ?? absent(option)]),
      );
      // The two maps hold exactly what the declarations say: commander has checked what is required.
      return (await spec.run(context, { args: named as ArgumentsOf<A>, options: given as OptionsOf<O> })) ?? 0;
    },
  };
}

function absent(option: OptionSpec): unknown {
  if (option.value === undefined) return false;
  return option.repeat ? [] : undefined;
}

/** The flag of an option's key: `noWaitHuman` is `--no-wait-human`. */
export function flagOf(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
