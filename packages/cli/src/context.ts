import type { NtroClient } from "@ntro/contract";
import type { Target } from "./config";
import { homeFolder } from "./home";
import { createOutput, type Output } from "./output";
import type { Terminal } from "./terminal";
import { UsageError } from "./usage-error";

/** Options that every command takes. */
export interface GlobalOptions {
  readonly connection?: string;
  readonly host?: string;
  readonly output: "text" | "json";
  readonly debug: boolean;
  /** False with --no-color. */
  readonly color: boolean;
}

/** What a command works with besides its own arguments and options. */
export interface Context {
  readonly terminal: Terminal;
  readonly globals: GlobalOptions;
  readonly out: Output;
  readonly home: string;
  /** Host, key and defaults after precedence. */
  target(): Promise<Target>;
  client(): Promise<NtroClient>;
  /** --tenant, else NTRO_TENANT, else the connection's default. Throws {@link UsageError} when there is none. */
  tenant(flag: string | undefined): Promise<string>;
  /** The same, where a tenant may be left out. */
  tenantIfAny(flag: string | undefined): Promise<string | undefined>;
  /** --entity, else NTRO_ENTITY, else the connection's default. */
  entityIfAny(flag: string | undefined): Promise<string | undefined>;
  /** Lines that Ctrl-C prints before it ends the command, such as how to go on. */
  onInterrupt(lines: () => readonly string[]): void;
  /** What Ctrl-C prints now. */
  interruptLines(): readonly string[];
}

/** Makes the context of one command. Config and client are read when first asked for. */
export function createContext(terminal: Terminal, globals: GlobalOptions): Context {
  const home = homeFolder(terminal);
  const { env } = terminal;
  let lines: () => readonly string[] = () => [];
  const out = createOutput(terminal, globals.output, globals.color);
  const target = once(async () => {
    const { configIsExposed, configFile, readConfig, resolveTarget } = await import("./config");
    if (configIsExposed(home))
      out.warn(`Others can read the keys in ${configFile(home)}: chmod 600 ${configFile(home)}`);
    return resolveTarget(readConfig(home), {
      host: globals.host || env.NTRO_HOST || undefined,
      apiKey: env.NTRO_API_KEY || undefined,
      connection: globals.connection || env.NTRO_DEFAULT_CONNECTION_NAME || undefined,
    });
  });
  const tenantIfAny = async (flag: string | undefined) =>
    flag || env.NTRO_TENANT || (await target()).defaultTenant || undefined;
  return {
    terminal,
    globals,
    out,
    home,
    target,
    client: once(async () => {
      const { NtroClient } = await import("@ntro/contract");
      const { host, apiKey } = await target();
      return new NtroClient({ host, apiKey });
    }),
    tenantIfAny,
    async tenant(flag) {
      const tenant = await tenantIfAny(flag);
      if (tenant) return tenant;
      throw new UsageError(
        "Which tenant is not said.",
        "Add --tenant <slug>, set NTRO_TENANT, or save one with `ntro auth login --tenant <slug>`. `ntro tenant list` shows them.",
      );
    },
    entityIfAny: async (flag) => flag || env.NTRO_ENTITY || (await target()).defaultEntity || undefined,
    onInterrupt: (given) => {
      lines = given;
    },
    interruptLines: () => lines(),
  };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
