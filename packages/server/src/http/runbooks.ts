import { type Manifest, NtroError, type RunbookDetail, type RunbookSummary } from "@ntro/contract";
import * as z from "zod";
import { actorOf } from "../core/access";
import { startParams } from "../core/start-params";
import { inputSchema } from "../core/validate-input";
import { promote } from "../promote";
import type { Db } from "../store/database";
import { makeCursor, Page, readCursor } from "../store/pages";
import { revisionById } from "../store/ready-revisions";
import { listRevisions, listRunbooks, runbookNotFound, type StandingRevision } from "../store/revisions";
import { toVersions } from "../store/runbook-versions";
import { requireTenant } from "../store/tenants";
import type { Caller, Handlers } from "./handler";

type RunbookRoute = "runbooks.list" | "runbooks.get" | "runbooks.versions" | "runbooks.promote";

export const runbookHandlers: Pick<Handlers, RunbookRoute> = {
  "runbooks.list": async ({ db }, { caller, query }) => {
    const tenantId = await tenantAsked(db, caller, query.tenant);
    const after = query.cursor === undefined ? null : readCursor(query.cursor, z.string());
    const rows = await listRunbooks(db, tenantId, { limit: query.limit + 1, after, search: query.search ?? null });
    const last = rows[query.limit - 1];
    const next = rows.length > query.limit && last ? makeCursor(last.slug) : null;
    return new Page(rows.slice(0, query.limit).map(toSummary), next);
  },

  "runbooks.get": async ({ db }, { caller, params, query }) => {
    const tenantId = await tenantAsked(db, caller, query.tenant);
    const rows = await requireRevisions(db, tenantId, params.slug);
    const ready = rows.find(({ ready_at }) => ready_at !== null);
    const current = tenantId === null ? undefined : rows.find((row) => row.current);
    const shown = current ?? ready ?? rows[0];
    if (!shown) throw await runbookNotFound(db, tenantId, params.slug);
    return toDetail(shown);
  },

  "runbooks.versions": async ({ db }, { caller, params, query }) => {
    const tenantId = await tenantAsked(db, caller, query.tenant);
    return new Page(await toVersions(db, await requireRevisions(db, tenantId, params.slug)), null);
  },

  "runbooks.promote": async ({ db }, { caller, params: { slug }, body }) => {
    const tenant = await requireTenant(db, caller, body.tenantSlug);
    await requireRevisions(db, tenant.id, slug);
    const id = await promote(db, { tenantId: tenant.id, slug, version: body.version, actor: actorOf(caller) });
    const versions = await toVersions(db, await listRevisions(db, tenant.id, slug));
    const { digest } = await revisionById(db, tenant.id, id);
    const promoted = versions.find((version) => version.version === body.version && version.digest === digest);
    if (!promoted) throw new NtroError("VERSION_NOT_FOUND", `The runbook ${slug} has no version ${body.version}.`);
    return promoted;
  },
};

/** Which tenant a list is limited to: the one asked for, else the caller's; null: none. */
async function tenantAsked(db: Db, caller: Caller, reference: string | undefined): Promise<string | null> {
  return reference === undefined ? caller.tenantId : (await requireTenant(db, caller, reference)).id;
}

async function requireRevisions(db: Db, tenantId: string | null, slug: string): Promise<StandingRevision[]> {
  const rows = await listRevisions(db, tenantId, slug);
  if (rows.length === 0) throw await runbookNotFound(db, tenantId, slug);
  return rows;
}

function toSummary({ slug, version, manifest, described }: StandingRevision): RunbookSummary {
  return {
    id: `rb-${slug}`,
    slug,
    name: manifest.name,
    description: manifest.description ?? "",
    classification: manifest.classification ?? "",
    tags: manifest.tags,
    jurisdictions: manifest.jurisdictions,
    version,
    state: manifest.state ?? "",
    stepCount: stepsOf(manifest, described).length,
    templateCount: manifest.templates.length,
  };
}

function toDetail(row: StandingRevision): RunbookDetail {
  const { manifest, described } = row;
  const declared = { inputSchema: described?.inputSchema ?? null, global: manifest.configSchema.global };
  return {
    ...toSummary(row),
    author: manifest.author ?? "",
    steps: stepsOf(manifest, described),
    configSchema: inputSchema(declared),
    startParams: startParams(declared),
    content: manifest.body,
    templates: manifest.templates.map(({ path, description }) => ({
      path,
      description: description ?? "",
      language: languageOf(path),
    })),
  };
}

/** The steps of the code where a host has seen them, with what the frontmatter says about each; else those of the frontmatter. */
function stepsOf(manifest: Manifest, described: StandingRevision["described"]): RunbookDetail["steps"] {
  const written = new Map(manifest.steps.map((step) => [step.id, step]));
  const steps: readonly { id: string; title: string; icon?: string | undefined }[] =
    described?.steps ?? manifest.steps.map(({ id, label }) => ({ id, title: label }));
  return steps.map(({ id, title, icon }) => ({
    id,
    label: title,
    description: written.get(id)?.description ?? null,
    icon: icon ?? null,
  }));
}

const LANGUAGES: Readonly<Record<string, string>> = {
  ts: "typescript",
  py: "python",
  sql: "sql",
  json: "json",
  md: "markdown",
};

function languageOf(path: string): string {
  return LANGUAGES[path.slice(path.lastIndexOf(".") + 1)] ?? "text";
}
