// The pages that are made from the product itself: docs/cli.md from the commands, docs/errors/README.md from the contract.
import { Readable } from "node:stream";
import { type Command, flagOf, type OptionSpec } from "../packages/cli/src/command";
import { GROUPS } from "../packages/cli/src/commands/groups";
import { runNtro } from "../packages/cli/src/program";
import { ERRORS } from "../packages/contract/src/errors";

const MADE = (from: string) => `<!-- Made by \`npm run docs\` from ${from}; changes here are lost. -->`;

/** Every page that is made, by its path in the repository. */
export async function generatedPages(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ["docs/cli.md", await cliPage()],
    ["docs/errors/README.md", errorsPage()],
  ]);
}

async function cliPage(): Promise<string> {
  const sections: string[] = [];
  for (const group of GROUPS) {
    const commands = await group.load();
    if (group.kind === "verbs") sections.push(`## ntro ${group.name}\n\n${group.summary}.`);
    for (const command of commands)
      sections.push(
        group.kind === "verbs"
          ? commandSection("###", `ntro ${group.name} ${command.name}`, command)
          : commandSection("##", `ntro ${group.name}`, command),
      );
  }
  return `${[CLI_HEAD, await globalOptions(), ...sections].join("\n\n")}\n`;
}

const CLI_HEAD = `# Commands

${MADE("packages/cli/src/commands")}

A command is a noun and a verb. Results go to stdout, everything else (progress, warnings, errors) to stderr, so
\`ntro run list -o json | jq .\` is safe; with \`-o json\` a failure puts its error body on stdout too. Nothing asks a question unless a terminal is there.

## Exit codes

| code | means |
|---|---|
| 0 | it is done |
| 1 | no: a check failed, the task failed or was rejected, the server refused |
| 2 | wrong usage: the command has to be typed differently |
| 3 | a person has to act first (\`--wait\` with \`--no-wait-human\`) |
| 4 | something could not be reached or started, or \`--timeout\` is over |
| 130 | Ctrl-C; what was started on the server goes on |

Which error leads to which code: [errors](errors/README.md).`;

/** The options that every command takes, as the program itself lists them. */
async function globalOptions(): Promise<string> {
  const help = await helpOf(["--help"]);
  const listed = /\nOptions:\n([\s\S]*?)\n\n/.exec(`${help}\n\n`)?.[1];
  if (listed === undefined) throw new Error("`ntro --help` lists no options.");
  return `## Options of every command\n\n\`\`\`text\n${listed}\n\`\`\``;
}

async function helpOf(argv: readonly string[]): Promise<string> {
  let text = "";
  const write = (part: string) => {
    text += part;
  };
  const sink = { write, isTTY: false, columns: undefined };
  await runNtro(argv, {
    env: {},
    stdout: sink,
    stderr: sink,
    stdin: Readable.from([]),
    cwd: "/",
    dist: "/",
    onInterrupt: () => () => {},
  });
  return text;
}

function commandSection(level: "##" | "###", name: string, command: Command): string {
  const shown = Object.entries(command.options).filter(([, spec]) => !spec.hidden);
  const parts = [
    `${level} ${name}`,
    `${command.summary}.`,
    `\`\`\`sh\n${command.examples.join("\n")}\n\`\`\``,
    argumentTable(command),
    optionTable(shown),
    conflictLine(command),
    command.notes.replace(/\n/g, " "),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

function argumentTable(command: Command): string {
  const rows = Object.entries(command.arguments).map(
    ([key, spec]) => `| \`<${flagOf(key).slice(2)}>\` | ${cell(spec.help)}${spec.optional ? " (optional)" : ""} |`,
  );
  return rows.length === 0 ? "" : ["| argument | |", "|---|---|", ...rows].join("\n");
}

function optionTable(options: readonly (readonly [string, OptionSpec])[]): string {
  const rows = options.map(([key, spec]) => {
    const short = spec.short ? `\`${spec.short}\`, ` : "";
    const value = spec.value === undefined ? "" : ` <${spec.value}>`;
    const choices = spec.choices ? `; one of ${spec.choices.join(", ")}` : "";
    return `| ${short}\`${cell(flagOf(key) + value)}\` | ${cell(spec.help + choices)}${spec.required ? " (needed)" : ""} |`;
  });
  return rows.length === 0 ? "" : ["| option | |", "|---|---|", ...rows].join("\n");
}

function conflictLine(command: Command): string {
  const pairs = command.conflicts.map(([a, b]) => `\`${flagOf(a)}\` and \`${flagOf(b)}\``);
  return pairs.length === 0 ? "" : `Not together: ${pairs.join("; ")}.`;
}

function cell(text: string): string {
  return text.replace(/\|/g, "\\|").replace(/\n/g, " ");
}

function errorsPage(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { status, exit, means }]) => `| [${code}](${code}.md) | ${status} | ${exit} | ${cell(means)} |`,
  );
  return `# Errors

${MADE("packages/contract/src/errors.ts")}

Every answer of 400 and more has the body \`{statusCode, message, error, code, hint, requestId, details}\`. \`message\` tells what
happened, \`hint\` the way out; the cause stays in the server's log under \`requestId\`. The list of codes is closed. What can be wrong with a bundle has codes of its own:
[faults](../faults.md). What keeps \`ntro up\` from starting is in [operations](../operations.md#when-it-does-not-start).

| code | HTTP | exit code | means |
|---|---|---|---|
${rows.join("\n")}
`;
}
