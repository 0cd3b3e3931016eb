import * as z from "zod";

/** Names of variables that the platform, the interpreter or the system set in a host: a secret must not take their place. */
const RESERVED =
  /^(?:NTRO_(?!AI_)|TEMPORAL_|PYTHON|LD_|DYLD_|NODE_|UV_|PIP_|SSL_|LC_|PG)|^(?:PATH|HOME|USER|LOGNAME|SHELL|PWD|LANG|TZ|TMPDIR|TEMP|TMP|IFS|ENV|BASH_ENV|VIRTUAL_ENV|DATABASE_URL|HTTP_PROXY|HTTPS_PROXY|ALL_PROXY|NO_PROXY|REQUESTS_CA_BUNDLE)$/;

/** The name of a tenant's secret: that of the environment variable in which author code finds it. */
export const SecretName = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]{0,127}$/, "use upper-case letters, digits and underscores, such as ANTHROPIC_API_KEY")
  .refine((name) => !RESERVED.test(name), "is set by the platform itself, and cannot be a secret's");

/** A tenant's secret as it is listed: its value never leaves but into the tenant's hosts. */
export const Secret = z.object({ name: z.string(), updatedAt: z.string(), updatedBy: z.string() });
export type Secret = z.infer<typeof Secret>;

export const PutSecret = z.strictObject({
  value: z
    .string()
    .min(1, "must not be empty")
    .max(16_384, "is longer than 16,384 characters")
    .refine((value) => !value.includes("\0"), "must not hold a NUL"),
});
