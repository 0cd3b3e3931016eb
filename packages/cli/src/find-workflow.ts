import { NtroError, type Workflow } from "@ntro/contract";
import type { Context } from "./context";
import { nearest } from "./nearest";

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/**
 * The workflow that an id, a name or a runbook slug means within tenant and entity, with its next fire times. Throws `WORKFLOW_NOT_FOUND`
 * naming a near one, or `WORKFLOW_AMBIGUOUS` naming the candidates.
 */
export async function findWorkflow(
  context: Pick<Context, "client" | "tenantIfAny" | "entityIfAny">,
  reference: string,
  scope: { readonly tenant?: string | undefined; readonly entity?: string | undefined },
): Promise<Workflow> {
  const api = await context.client();
  if (UUID.test(reference)) return api.call("workflows.get", { params: { id: reference } });
  const tenant = await context.tenantIfAny(scope.tenant);
  const entity = await context.entityIfAny(scope.entity);
  const all = await api.call("workflows.list", { query: { tenant, entity, limit: 500 } });
  const named = all.filter(({ name }) => name === reference);
  const matching = named.length > 0 ? named : all.filter(({ runbookSlug }) => runbookSlug === reference);
  const [found, ...others] = matching;
  if (!found) throw notFound(reference, all, tenant);
  if (others.length > 0) throw ambiguous(reference, matching);
  return api.call("workflows.get", { params: { id: found.id } });
}

function notFound(reference: string, all: readonly Workflow[], tenant: string | undefined): NtroError {
  const near = nearest(
    reference,
    all.flatMap(({ name, runbookSlug }) => [runbookSlug, ...(name ? [name] : [])]),
  );
  const list = `\`ntro workflow list${tenant === undefined ? "" : ` --tenant ${tenant}`}\` shows them.`;
  return new NtroError("WORKFLOW_NOT_FOUND", `There is no workflow "${reference}"${tenant ? ` in ${tenant}` : ""}.`, {
    hint: near ? `Did you mean ${near}? ${list}` : list,
  });
}

function ambiguous(reference: string, matching: readonly Workflow[]): NtroError {
  return new NtroError("WORKFLOW_AMBIGUOUS", `${matching.length} workflows answer to "${reference}".`, {
    hint: "Say which: add --tenant and --entity, or give its id or name.",
    details: matching.map(({ id, name, entity }) => `${id} ${entity?.slug ?? ""} ${name ?? ""}`.trimEnd()),
  });
}
