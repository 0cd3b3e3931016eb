import type { ErrorBody, Fault } from "@ntro/contract";
import type { Command, ExitCode } from "./command";
import { type Context, createContext, type GlobalOptions } from "./context";
import { detailLines } from "./error-details";
import { interruptible } from "./interruptible";
import { coloursFor, printable } from "./output";
import type { Terminal } from "./terminal";
import { UsageError } from "./usage-error";

/** What is shown of an error. */
interface Shown {
  readonly body: ErrorBody;
  readonly exit: ExitCode;
  readonly faults: readonly Fault[];
}

/**
 * The one place where commands end: runs one, shows what it throws, and gives its exit code. Ctrl-C ends it at once with 130; a task it
 * watched goes on, and the command to come back is printed.
 */
export async function runCommand(
  command: Command,
  terminal: Terminal,
  globals: GlobalOptions,
  args: readonly (string | undefined)[],
  options: Readonly<Record<string, unknown>>,
): Promise<number> {
  const context = createContext(terminal, globals);
  if (command.interrupt === "own") return settle(command, context, args, options);
  return interruptible(context, () => settle(command, context, args, options));
}

async function settle(
  command: Command,
  context: Context,
  args: readonly (string | undefined)[],
  options: Readonly<Record<string, unknown>>,
): Promise<ExitCode> {
  try {
    return await command.run(context, args, options);
  } catch (error) {
    return showError(error, context.terminal, context.globals);
  }
}

/** Shows an error on stderr, in JSON mode on stdout as well, and gives the exit code for it. */
export async function showError(
  error: unknown,
  terminal: Terminal,
  globals: Pick<GlobalOptions, "output" | "debug" | "color">,
): Promise<ExitCode> {
  const shown = await explain(error);
  const colour = coloursFor(terminal, terminal.stderr, globals.color);
  if (globals.output === "json") terminal.stdout.write(`${JSON.stringify(shown.body, null, 2)}\n`);
  const lines = [`${colour.red("✗")} ${printable(shown.body.message)}`];
  if (shown.faults.length > 0) {
    const { formatFault } = await import("@ntro/bundle");
    lines.push(...shown.faults.map((fault) => printable(formatFault(fault))));
  } else lines.push(...detailLines(shown.body).map(printable));
  if (shown.body.hint !== undefined) lines.push(`  ${colour.dim("→")} ${printable(shown.body.hint)}`);
  if (globals.debug) lines.push(...stackOf(error));
  terminal.stderr.write(`${lines.join("\n")}\n`);
  return shown.exit;
}

async function explain(error: unknown): Promise<Shown> {
  if (error instanceof UsageError) return { ...usage(error.message, error.hint), faults: [] };
  const { ERRORS, errorBody, Fault, NtroError } = await import("@ntro/contract");
  if (error instanceof NtroError) {
    const faults = (error.details ?? []).flatMap((detail) => Fault.safeParse(detail).data ?? []);
    return { body: errorBody(error), exit: error.exitCode, faults };
  }
  const message = error instanceof Error ? error.message : String(error);
  return {
    body: {
      statusCode: ERRORS.INTERNAL.status,
      message: `ntro itself failed: ${message}`,
      error: ERRORS.INTERNAL.means,
      code: "INTERNAL",
      hint: "Add --debug to see where.",
    },
    exit: 4,
    faults: [],
  };
}

/** The body and exit code of a command that was typed in a way that cannot be carried out. */
function usage(message: string, hint: string | undefined): Omit<Shown, "faults"> {
  const body = {
    statusCode: 400,
    message,
    error: "The command was not typed as it asks for.",
    code: "REQUEST_INVALID",
  };
  return { body: hint === undefined ? body : { ...body, hint }, exit: 2 };
}

function stackOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [String(error)];
  const own = error.stack ?? String(error);
  return error.cause === undefined ? [own] : [own, "caused by:", ...stackOf(error.cause)];
}
