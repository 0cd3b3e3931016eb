import { readFileSync, statSync } from "node:fs";
import * as z from "zod";

/** What the server is told by its environment, checked. */
export interface Settings {
  /** Names a server and a role that may create databases and roles; the workspace database is made beside the one it names. */
  readonly databaseUrl: string;
  readonly temporal: { readonly address: string; readonly namespace: string };
  /** Port 0 takes a free one. */
  readonly listen: { readonly host: string; readonly port: number };
  /** Keys of hosts and passwords of tenants' roles are derived from it. At least 32 bytes. */
  readonly secret: Buffer;
  /** Where the Tenant UI is served, for links in answers; null when it is not. */
  readonly tenantUiUrl: string | null;
  /** Sha256 (hex) of keys that whoever starts the server has made and keeps. */
  readonly keyHashes: { readonly admin: string | null; readonly worker: string | null };
  /** Milliseconds without an event or a call that needs workflow code until a tenant's hosts may stop. */
  readonly idleMs: number;
  readonly limits: {
    /** Bytes of one submitted file. */
    readonly fileBytes: number;
  };
}

/** Something in the environment that the server cannot start with. Its text holds no secret. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

const KeyHash = z
  .string()
  .regex(/^[0-9a-f]{64}$/, "must be a sha256 in lower-case hex")
  .optional();

const Environment = z
  .object({
    DATABASE_URL: z.url({
      protocol: /^postgres(ql)?$/,
      error: "must be a URL such as postgres://user@host:5432/postgres",
    }),
    TEMPORAL_ADDRESS: z.string().regex(/^[^/\s]+:\d+$/, "must be host:port"),
    TEMPORAL_NAMESPACE: z.string().min(1).default("default"),
    NTRO_LISTEN: z
      .string()
      .regex(/^(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$/, "must be host:port")
      .default("127.0.0.1:3000"),
    NTRO_SECRET: z.string().optional(),
    NTRO_SECRET_FILE: z.string().optional(),
    NTRO_TENANT_UI_URL: z.url({ protocol: /^https?$/ }).optional(),
    NTRO_ADMIN_KEY_SHA256: KeyHash,
    NTRO_WORKER_KEY_SHA256: KeyHash,
    NTRO_IDLE_MINUTES: z.coerce.number().positive().max(10_080).default(10),
    NTRO_MAX_FILE_MB: z.coerce.number().positive().max(1024).default(25),
  })
  .transform((env, context): Settings => {
    const secret = readSecret(env.NTRO_SECRET, env.NTRO_SECRET_FILE);
    if (typeof secret === "string") {
      context.addIssue({ code: "custom", path: ["NTRO_SECRET_FILE"], message: secret });
      return z.NEVER;
    }
    const colon = env.NTRO_LISTEN.lastIndexOf(":");
    return {
      databaseUrl: env.DATABASE_URL,
      temporal: { address: env.TEMPORAL_ADDRESS, namespace: env.TEMPORAL_NAMESPACE },
      listen: {
        host: env.NTRO_LISTEN.slice(0, colon).replace(/^\[|\]$/g, ""),
        port: Number(env.NTRO_LISTEN.slice(colon + 1)),
      },
      secret,
      tenantUiUrl: env.NTRO_TENANT_UI_URL?.replace(/\/$/, "") ?? null,
      keyHashes: { admin: env.NTRO_ADMIN_KEY_SHA256 ?? null, worker: env.NTRO_WORKER_KEY_SHA256 ?? null },
      idleMs: env.NTRO_IDLE_MINUTES * 60_000,
      limits: { fileBytes: Math.floor(env.NTRO_MAX_FILE_MB * 1024 * 1024) },
    };
  });

/**
 * The server's settings from environment variables; empty ones count as absent.
 * @throws SettingsError naming every variable that is missing or wrong
 */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const parsed = Environment.safeParse(given);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new SettingsError(`The server cannot start with this environment. ${faults.join("; ")}.`);
}

/** The secret's bytes, or what is wrong with it. */
function readSecret(text: string | undefined, file: string | undefined): Buffer | string {
  if (text === undefined && file === undefined)
    return "name a file that holds at least 32 random bytes in hex (or give them as NTRO_SECRET)";
  const read = text ?? readPrivateFile(file ?? "");
  if (typeof read !== "string") return read.fault;
  const hex = read.trim();
  if (!/^([0-9a-fA-F]{2}){32,}$/.test(hex)) return "the secret must be at least 32 bytes in hex";
  return Buffer.from(hex, "hex");
}

function readPrivateFile(file: string): string | { fault: string } {
  try {
    // Anybody who can read the secret can act as every tenant's host.
    if ((statSync(file).mode & 0o077) !== 0) return { fault: `${file} can be read by others: chmod 600 ${file}` };
    return readFileSync(file, "utf8");
  } catch (error) {
    return { fault: `${file} cannot be read (${error instanceof Error && "code" in error ? error.code : "error"})` };
  }
}
