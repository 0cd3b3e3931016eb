import { type Command, flagOf, type OptionSpec } from "../../packages/cli/src/command";
import { GROUPS } from "../../packages/cli/src/commands/groups";
import { blocks, prose } from "./markdown";

/** A command of `ntro` that a page shows. */
export interface CommandLine {
  /** Words after `ntro`. */
  readonly words: readonly string[];
  readonly text: string;
  /** Shown to be typed as it is, so it has to be complete; a mention in a sentence need not be. */
  readonly whole: boolean;
}

const GLOBAL: Readonly<Record<string, "value" | "switch">> = {
  "-c": "value",
  "--connection": "value",
  "--host": "value",
  "-o": "value",
  "--output": "value",
  "--debug": "switch",
  "--no-color": "switch",
  "-h": "switch",
  "--help": "switch",
};

/** The `ntro` commands of a page: lines of its shell blocks (with or without a prompt and variables before), and code in sentences that begins with `ntro`. */
export function commandLines(page: string): CommandLine[] {
  const typed = blocks(page)
    .filter(({ language }) => language === "sh" || language === "console")
    .flatMap(({ text }) => text.replace(/\\\n\s*/g, "").split("\n"))
    .map((line) => /^(?:\$ )?(?:[A-Z_]+=\S* )*(ntro(?: .*)?)$/.exec(line)?.[1])
    .filter((line) => line !== undefined)
    .map((text) => ({ words: wordsOf(text), text, whole: true }));
  const mentioned = [...prose(page).matchAll(/`(?:[A-Z_]+=\S* )*(ntro(?: [^`]+)?)`/g)].map(([, text = ""]) => ({
    words: wordsOf(text),
    text,
    whole: false,
  }));
  return [...typed, ...mentioned];
}

/** The words after `ntro`, as a shell parts them, up to a redirection, a pipe or a remark. */
function wordsOf(text: string): string[] {
  const words = [...text.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) => word.replace(/["']/g, ""));
  const end = words.findIndex((word) => /^(#|<|>|\||&&|;)$/.test(word));
  return words.slice(1, end === -1 ? undefined : end);
}

/** What is wrong with a command line by the commands' own declarations; undefined when the CLI would take it. */
export async function faultOf({ words, whole }: CommandLine): Promise<string | undefined> {
  const [noun, ...rest] = words;
  if (noun === undefined || noun === "…" || noun === "--version" || noun === "--help") return undefined;
  const group = GROUPS.find(({ name }) => name === noun);
  if (!group) return `there is no "${noun}"`;
  const commands = await group.load();
  if (group.kind === "command") return faultOfArguments(commands[0] as Command, rest, whole);
  const [verb, ...args] = rest;
  if (verb === undefined || verb === "…") return undefined;
  const command = commands.find(({ name }) => name === verb);
  if (command) return faultOfArguments(command, args, whole);
  const [second, ...others] = args;
  if (commands.some(({ name }) => name.startsWith(`${verb} `)) && (second === undefined || second === "…"))
    return undefined;
  const two = commands.find(({ name }) => name === `${verb} ${second}`);
  return two ? faultOfArguments(two, others, whole) : `"${noun}" has no "${verb}"`;
}

function faultOfArguments(command: Command, words: readonly string[], whole: boolean): string | undefined {
  const options = new Map(
    Object.entries(command.options).flatMap(([key, spec]) => [
      [flagOf(key), { key, spec }] as const,
      ...(spec.short ? [[spec.short, { key, spec }] as const] : []),
    ]),
  );
  const given = new Set<string>();
  let operands = 0;
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? "";
    if (!word.startsWith("-")) {
      if (word !== "…") operands += 1;
      continue;
    }
    const option = options.get(word);
    if (!option && !GLOBAL[word]) return `${command.name} takes no ${word}`;
    if (option) given.add(option.key);
    if (option ? option.spec.value === undefined : GLOBAL[word] === "switch") continue;
    index += 1;
    const fault = faultOfValue(word, option?.spec, words[index], whole);
    if (fault) return fault;
  }
  return faultOfCounts(command, given, operands, whole);
}

function faultOfValue(flag: string, spec: OptionSpec | undefined, value: string | undefined, whole: boolean) {
  if (value === undefined) return whole ? `${flag} has no value` : undefined;
  if (value !== "…" && spec?.choices && !spec.choices.includes(value))
    return `${flag} takes ${spec.choices.join(", ")}, not ${value}`;
  return undefined;
}

function faultOfCounts(command: Command, given: ReadonlySet<string>, operands: number, whole: boolean) {
  const specs = Object.values(command.arguments);
  if (operands > specs.length) return `${command.name} takes ${specs.length} arguments, not ${operands}`;
  const clash = command.conflicts.find(([a, b]) => given.has(a) && given.has(b));
  if (clash) return `${clash.map(flagOf).join(" and ")} do not go together`;
  if (!whole) return undefined;
  const needed = specs.filter(({ optional }) => !optional).length;
  if (operands < needed) return `${command.name} needs ${needed} arguments`;
  const absent = Object.entries(command.options).find(([key, { required }]) => required && !given.has(key));
  return absent ? `${command.name} needs ${flagOf(absent[0])}` : undefined;
}
