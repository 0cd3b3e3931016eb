import { Command as CommanderCommand, CommanderError, InvalidArgumentError, Option } from "commander";
import { type Command, flagOf, type OptionSpec } from "./command";
import { findGroup, GROUPS } from "./commands/groups";
import type { GlobalOptions } from "./context";
import { runCommand, showError } from "./run-command";
import type { Terminal } from "./terminal";
import { UsageError } from "./usage-error";
import { productVersion } from "./version";

/**
 * Runs `ntro` with the arguments after the program's name and gives the exit code. Only the group of commands that is asked for is loaded.
 */
export async function runNtro(argv: readonly string[], terminal: Terminal): Promise<number> {
  let exit = 0;
  const { program, command: asked } = await buildProgram(argv, terminal, async (command, args, options, globals) => {
    exit = await runCommand(command, terminal, globals, args, options);
  });
  if (asked === "none" && operandsOf(argv).length === 0 && !argv.some((word) => word.startsWith("-"))) {
    program.outputHelp();
    return 0;
  }
  try {
    await program.parseAsync([...argv], { from: "user" });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const problem = error instanceof CommanderError ? usageOf(error) : error;
    return showError(problem, terminal, globalsFromWords(argv));
  }
}

type Run = (
  command: Command,
  args: readonly (string | undefined)[],
  options: Readonly<Record<string, unknown>>,
  globals: GlobalOptions,
) => Promise<void>;

async function buildProgram(argv: readonly string[], terminal: Terminal, run: Run) {
  const program = configure(new CommanderCommand("ntro"), terminal)
    .description("Take runbooks to production: deploy, run, decide.")
    .version(productVersion(), "-v, --version", "Show the version")
    .option("-c, --connection <name>", "Connection of config.toml to use (NTRO_DEFAULT_CONNECTION_NAME)")
    .option("--host <url>", "Server to talk to, such as http://localhost:3000/v1 (NTRO_HOST)")
    .addOption(new Option("-o, --output <format>", "How to print results").choices(["text", "json"]).default("text"))
    .option("--debug", "Show where an error came from", false)
    .option("--no-color", "No colours (NO_COLOR)")
    .addHelpText("before", `Examples:\n${START_EXAMPLES.map((line) => `  ${line}`).join("\n")}\n`);
  const [first, second] = operandsOf(argv);
  const group = findGroup(first === "help" ? second : first);
  for (const { name, summary, kind, subjects, load } of GROUPS) {
    const wanted = name === group?.name;
    if (kind === "command") {
      const [command] = wanted ? await load() : [];
      const node = command ? addCommand(program, command, terminal, run) : program.command(name);
      node.summary(summary);
      continue;
    }
    const node = configure(program.command(name), terminal).summary(summary).description(summary);
    const parentOf = subjectNodes(node, subjects ?? {}, terminal);
    for (const command of wanted ? await load() : []) addCommand(parentOf(command.name), command, terminal, run);
  }
  return { program, command: group ? ("some" as const) : ("none" as const) };
}

const START_EXAMPLES = [
  "ntro up",
  'ntro tenant create --name "Acme Fund" --slug acme-fund',
  "ntro workflow create --path ./runbooks/nav-monthly/ --tenant acme-fund --entity acme-spv1 --pin",
  "ntro workflow run nav-monthly --tenant acme-fund --entity acme-spv1 --period 2026-03 --wait",
];

function configure(node: CommanderCommand, terminal: Terminal): CommanderCommand {
  return node
    .exitOverride()
    .showSuggestionAfterError(true)
    .configureHelp({ showGlobalOptions: true, helpWidth: terminal.stdout.columns ?? 100 })
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      // Errors are shown by the error boundary; help after an error goes to stderr.
      writeErr: (text) => terminal.stderr.write(text),
      outputError: () => {},
    });
}

/** Gives the node that a verb of a group goes under: the group's own, or for verbs of two words that of the first, made when it is first needed. */
function subjectNodes(
  group: CommanderCommand,
  subjects: Readonly<Record<string, string>>,
  terminal: Terminal,
): (name: string) => CommanderCommand {
  const made = new Map<string, CommanderCommand>();
  return (name) => {
    const [subject = "", verb] = name.split(" ");
    if (verb === undefined) return group;
    const summary = subjects[subject] ?? "";
    const node = made.get(subject) ?? configure(group.command(subject), terminal).summary(summary).description(summary);
    made.set(subject, node);
    return node;
  };
}

function addCommand(parent: CommanderCommand, command: Command, terminal: Terminal, run: Run): CommanderCommand {
  const verb = command.name.slice(command.name.indexOf(" ") + 1);
  const node = configure(parent.command(verb), terminal).summary(command.summary);
  node.addHelpText(
    "before",
    `${command.summary}.\n\nExamples:\n${command.examples.map((line) => `  ${line}`).join("\n")}\n`,
  );
  if (command.notes) node.addHelpText("after", `\n${command.notes}`);
  for (const [key, spec] of Object.entries(command.arguments))
    node.argument(spec.optional ? `[${kebab(key)}]` : `<${kebab(key)}>`, spec.help);
  for (const [key, spec] of Object.entries(command.options)) node.addOption(new KeyedOption(key, spec, command));
  node.action(async (...given: unknown[]) => {
    const count = Object.keys(command.arguments).length;
    const args = given.slice(0, count).map((value) => (value === undefined ? undefined : String(value)));
    await run(command, args, node.opts(), node.optsWithGlobals<GlobalOptions>());
  });
  return node;
}

/** An option stored under the key it was declared with. Commander would read `--no-x` as the opposite of `--x`. */
class KeyedOption extends Option {
  readonly #key: string;

  constructor(key: string, spec: OptionSpec, command: Command) {
    const flag = `${flagOf(key)}${spec.value === undefined ? "" : ` <${spec.value}>`}`;
    super(spec.short ? `${spec.short}, ${flag}` : flag, spec.help);
    this.#key = key;
    this.negate = false;
    if (spec.required) this.makeOptionMandatory();
    if (spec.hidden) this.hideHelp();
    if (spec.choices) this.choices([...spec.choices]);
    if (spec.repeat) this.argParser<string[]>((value, earlier) => [...(earlier ?? []), value]);
    else if (spec.value !== undefined && !spec.choices) this.argParser(notEmpty);
    this.conflicts(command.conflicts.flatMap(([a, b]) => (a === key ? [b] : b === key ? [a] : [])));
  }

  override attributeName(): string {
    return this.#key;
  }
}

function notEmpty(value: string): string {
  if (value === "") throw new InvalidArgumentError("It is empty.");
  return value;
}

function kebab(key: string): string {
  return flagOf(key).slice(2);
}

/** Commander's error as ours: its suggestion becomes the hint. */
function usageOf(error: CommanderError): UsageError {
  if (error.code === "commander.help")
    return new UsageError("The command is not complete.", "See above what it takes.");
  const [first = "", ...rest] = error.message.replace(/^error: /, "").split("\n");
  const message = first.charAt(0).toUpperCase() + first.slice(1);
  const suggestion = rest
    .join(" ")
    .trim()
    .replace(/^\(|\)$/g, "");
  return new UsageError(
    message.endsWith(".") ? message : `${message}.`,
    suggestion || "Add --help to see what it takes.",
  );
}

const GLOBALS_WITH_VALUE = new Set(["-c", "--connection", "--host", "-o", "--output"]);

/** The words that are neither options nor values of global options; the first names the group. */
function operandsOf(argv: readonly string[]): string[] {
  return argv.filter((word, index) => !word.startsWith("-") && !GLOBALS_WITH_VALUE.has(argv[index - 1] ?? ""));
}

/** The global options that matter for showing an error, read without commander, which has just failed. */
function globalsFromWords(argv: readonly string[]): Pick<GlobalOptions, "output" | "debug" | "color"> {
  const json = argv.some(
    (word, index) =>
      word === "--output=json" ||
      word === "-ojson" ||
      (word === "json" && ["-o", "--output"].includes(argv[index - 1] ?? "")),
  );
  return { output: json ? "json" : "text", debug: argv.includes("--debug"), color: !argv.includes("--no-color") };
}
