import type { ToolResult } from "./run-tool";

/** How much of an installer's own explanation is passed on. */
const REASON_LINES = 5;
const LINE_CHARACTERS = 400;

/** What installers say besides why they failed: progress, where they looked, how they are used, what to read. */
const ASIDE =
  /^(Using (Python|CPython)|Resolved|Prepared|Would|Looking in|Collecting|Downloading|Using cached|Building|Built|Requirement already|Obtaining|Preparing metadata|Getting requirements|Installing build|INFO:|WARNING:|warning:|DEBUG:|\[notice\]|\[std(err|out)\]|hint:|note:|To fix this you could|\d+\. |ERROR: ResolutionImpossible|\[end of output\]|This error originates|See above for output|full command:|cwd:|running \w+$)/;

const TELLING = /error|no such|not found|cannot|could not|denied|missing|fail/i;

/** Signs that packages could not be asked for at all. */
const NETWORK =
  /Failed to fetch|error sending request|dns error|tcp connect|Connection (refused|reset)|timed? ?out|NewConnectionError|NameResolutionError|Max retries exceeded|Network is unreachable|network connectivity|No route to host/i;

/** Whether the index was not reached, which a cache may make up for. */
export function isNetworkFailure({ stdout, stderr }: ToolResult): boolean {
  return NETWORK.test(stderr) || NETWORK.test(stdout);
}

/**
 * Why an installer failed, in at most five lines of its own words, without this machine's folders and without what indexes are called: those may be written
 * with a password.
 */
export function installReason({ stdout, stderr, failure }: ToolResult): string {
  if (failure !== undefined) return failure;
  const lines = [...meaningful(stderr), ...conflict(stdout)];
  const said = lines.length > 0 ? lines : meaningful(stdout).slice(-REASON_LINES);
  return shortened(said).join("\n") || "it did not say why";
}

function meaningful(text: string): string[] {
  return text
    .split("\n")
    .map((line) => plain(line))
    .filter((line) => line !== "" && !ASIDE.test(line));
}

/** pip tells on stdout what contradicts what. */
function conflict(stdout: string): string[] {
  const [, block] = /^The conflict is caused by:\n((?: {4}.*\n?)+)/m.exec(stdout) ?? [];
  return block === undefined ? [] : meaningful(block);
}

/** The first line says what failed; of what a build says, the last lines that name an error say why. */
function shortened(lines: string[]): string[] {
  const unique = lines.filter((line, index) => lines.indexOf(line) === index);
  if (unique.length <= REASON_LINES) return unique;
  const [first = "", ...others] = unique;
  const telling = others.filter((line) => TELLING.test(line));
  return [first, ...(telling.length > 0 ? telling : others).slice(-(REASON_LINES - 1))];
}

function plain(line: string): string {
  return line
    .replace(/^[\s×╰─▶│├┃>-]+/u, "")
    .replace(/\b[a-z][a-z+]*:\/\/[^\s'"`)>\]]+/gi, ending)
    .replace(/-([ILD])\/\S+/g, "-$1…")
    .replace(/host='[^']*', port=\d+/g, "the package index")
    .replace(/(?<![\w./…])(?:\/[\w.@+~=-]+){2,}\/?/g, ending)
    .trim()
    .slice(0, LINE_CHARACTERS);
}

/** `https://user:password@host/simple/thing/` and a path that ends so as `…/thing`. */
function ending(place: string): string {
  const path = place.replace(/^[a-z+]+:\/\/[^/]*/i, "").replace(/[?#].*$/, "");
  return `…/${path.split("/").filter(Boolean).at(-1) ?? ""}`;
}
