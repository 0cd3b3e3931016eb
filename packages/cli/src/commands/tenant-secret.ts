import { defineCommand } from "../command";
import type { Terminal } from "../terminal";
import { UsageError } from "../usage-error";
import { tenantOption } from "./scope-options";

const nameArgument = { name: { help: "The environment variable in which the runbook looks for it" } } as const;

export const tenantSecretSet = defineCommand({
  name: "secret set",
  summary: "Give a tenant's Python runbooks a secret, such as the key of an AI provider",
  examples: [
    "ntro tenant secret set ANTHROPIC_API_KEY --tenant acme-fund < key.txt",
    "ntro tenant secret set ANTHROPIC_API_KEY --tenant acme-fund --from-env MY_ANTHROPIC_KEY",
  ],
  notes:
    "The value is read from stdin, or asked for without being shown. It is kept encrypted; nobody can read it back. Running hosts get it before they take another task.",
  arguments: nameArgument,
  options: {
    tenant: tenantOption,
    fromEnv: { value: "variable", help: "Take the value from this variable of your own environment" },
  },
  async run({ client, out, terminal, tenant: tenantOf }, { args, options }) {
    const { PutSecret, SecretName } = await import("@ntro/contract");
    const name = SecretName.safeParse(args.name);
    if (!name.success) throw new UsageError(`${args.name} cannot be a secret's name: ${said(name.error.issues)}.`);
    const tenant = await tenantOf(options.tenant);
    const body = PutSecret.safeParse({ value: await readValue(terminal, name.data, options.fromEnv) });
    if (!body.success) throw new UsageError(`The value ${said(body.error.issues)}.`);
    const api = await client();
    const secret = await api.call("secrets.put", { params: { tenant, name: name.data }, body: body.data });
    out.success(`${secret.name} of ${tenant} is set.`);
    out.data(secret, () => secret.name);
    return 0;
  },
});

export const tenantSecretList = defineCommand({
  name: "secret list",
  summary: "List a tenant's secrets by name; values are never shown",
  examples: ["ntro tenant secret list acme-fund"],
  arguments: {
    tenant: { help: "Slug or id; left out, the tenant that other commands would use", optional: true },
  },
  async run({ client, out, tenant: tenantOf }, { args }) {
    const tenant = await tenantOf(args.tenant);
    const api = await client();
    out.list(await api.call("secrets.list", { params: { tenant } }), [
      { title: "NAME", value: ({ name }) => name },
      { title: "SET", value: ({ updatedAt }) => updatedAt },
      { title: "BY", value: ({ updatedBy }) => updatedBy },
    ]);
    return 0;
  },
});

export const tenantSecretRemove = defineCommand({
  name: "secret remove",
  summary: "Take a secret away from a tenant's runbooks",
  examples: ["ntro tenant secret remove ANTHROPIC_API_KEY --tenant acme-fund"],
  arguments: nameArgument,
  options: { tenant: tenantOption },
  async run({ client, out, tenant: tenantOf }, { args, options }) {
    const tenant = await tenantOf(options.tenant);
    const api = await client();
    await api.call("secrets.delete", { params: { tenant, name: args.name } });
    out.success(`${args.name} of ${tenant} is gone.`);
    out.data({ name: args.name, removed: true }, () => args.name);
    return 0;
  },
});

/** Never from an argument: others can see those in the list of processes, and shells keep them. */
async function readValue(terminal: Terminal, name: string, variable: string | undefined): Promise<string> {
  const { askSecret, readStdin } = await import("../prompt");
  if (variable !== undefined) {
    const value = terminal.env[variable];
    if (value) return value;
    throw new UsageError(`${variable} is not set in your environment.`);
  }
  const asked = await askSecret(terminal, `Value of ${name} (not shown): `);
  const value = asked ?? (terminal.stdin.isTTY ? "" : await readStdin(terminal));
  if (value) return value;
  throw new UsageError("There is no value.", `Pipe it in: ntro tenant secret set ${name} < file, or use --from-env.`);
}

function said(issues: readonly { readonly message: string }[]): string {
  return issues.map(({ message }) => message).join("; ");
}
