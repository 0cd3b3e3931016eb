import type { Deployment, Entity, NtroClient, PutWorkflow, PutWorkflowAnswer, RunbookVersion } from "@ntro/contract";
import type { Context } from "../context";
import { persist } from "../persist";
import { inZone } from "../times";
import { workflowFields } from "../workflow-fields";
import { type DeployOptions, deployBundle } from "./deploy-bundle";
import { findHeldVersion } from "./held-version";
import { readFolder } from "./read-folder";
import { showPreview } from "./show-preview";
import type { Source } from "./source";
import { stageLine } from "./stage-line";

/** What `workflow create` was asked for, after its flags were checked. */
export interface CreateRequest {
  readonly source: Source;
  readonly path: string;
  readonly tenant: string;
  /** Undefined: the version is deployed and nothing is bound. */
  readonly entity: string | undefined;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly schedule?: string | undefined;
  readonly noSchedule: boolean;
  readonly timezone?: string | undefined;
  readonly pin: boolean;
  readonly unpin: boolean;
  /** Only show what would change. */
  readonly dryRun: boolean;
}

/** A version that serves the tenant: just deployed, or held from before. */
type Served = Pick<Deployment | RunbookVersion, "slug" | "version" | "digest"> & { readonly deployment?: Deployment };

/** How long a server that restarts between deploying and binding is waited for, in milliseconds. */
const BIND_PATIENCE_MS = 60_000;

/** Checks, deploys and binds, told line by line. */
export async function createWorkflow(context: Context, request: CreateRequest): Promise<0> {
  const { out } = context;
  const bundle = request.source.kind === "folder" ? await readFolder(request.source.folder) : undefined;
  if (bundle) {
    const { slug, version } = bundle.manifest;
    const size = `${bundle.files.size} files, ${(bundle.bytes / 1024).toFixed(1)} KiB`;
    out.success(stageLine("checked", `${slug}@${version}: ${size}, digest ${bundle.digest.slice(0, 12)}`));
  }
  const api = await context.client();
  // Both are asked for before anything is sent: a mistyped name must change nothing.
  const tenant = await api.call("tenants.get", { params: { tenant: request.tenant } });
  const entity =
    request.entity === undefined
      ? undefined
      : await api.call("entities.get", { params: { tenant: tenant.slug, entity: request.entity } });
  // A name that is taken or a schedule that never fires is refused here too, before a version becomes current.
  if (bundle && entity) await api.call("workflows.plan", { body: bindingOf(request, bundle.manifest, entity) });
  const { pin, dryRun } = request;
  const served = bundle
    ? await deployAs(context, api, bundle, { tenant: tenant.slug, pin, dryRun })
    : await useHeld(context, api, request, tenant.slug);
  if (dryRun) {
    const binding = entity ? bindingOf(request, served, entity) : null;
    return showPreview(context, api, served, { tenant: tenant.slug, deploys: bundle !== undefined, pin, binding });
  }
  if (!entity) return finishUnbound(context, served, tenant.slug);
  const answer = await persist(() => bind(api, request, served, entity), BIND_PATIENCE_MS);
  await showBinding(context, api, request, served, answer);
  return 0;
}

async function deployAs(
  { out, onInterrupt }: Context,
  api: NtroClient,
  bundle: Awaited<ReturnType<typeof readFolder>>,
  options: DeployOptions,
): Promise<Served> {
  const { slug } = bundle.manifest;
  onInterrupt(() =>
    options.dryRun
      ? ["", "Nothing was changed."]
      : [
          "",
          `The deployment goes on, nothing is bound yet. See it: ntro runbook versions ${slug} --tenant ${options.tenant}`,
          "Run the same command again to bind it.",
        ],
  );
  const deployment = await deployBundle(api, bundle, options, out);
  return { slug, version: deployment.version, digest: deployment.digest, deployment };
}

async function useHeld({ out }: Context, api: NtroClient, request: CreateRequest, tenant: string): Promise<Served> {
  if (request.source.kind !== "held") throw new Error("a folder is deployed, not looked up");
  const { slug, version } = request.source;
  const held = await findHeldVersion(api, { slug, version, tenant, typed: request.path });
  const digest = held.digest.slice(0, 12);
  out.success(
    stageLine("found", `${slug}@${version} on the server (no such folder here), digest ${digest}; nothing is uploaded`),
  );
  return held;
}

function bind(api: NtroClient, request: CreateRequest, served: Served, entity: Entity): Promise<PutWorkflowAnswer> {
  return api.call("workflows.put", { body: bindingOf(request, served, entity) });
}

/** What the flags ask for; those that are absent leave what is there. */
function bindingOf(
  { name, description, schedule, timezone, noSchedule, pin, unpin }: CreateRequest,
  { slug, version }: Pick<Served, "slug" | "version">,
  entity: Entity,
): PutWorkflow {
  return {
    runbookSlug: slug,
    entityId: entity.id,
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    ...(schedule === undefined ? {} : { schedule }),
    ...(timezone === undefined ? {} : { timezone }),
    ...(noSchedule ? { schedule: null, timezone: null } : {}),
    ...(pin ? { runbookVersion: version } : {}),
    ...(unpin ? { runbookVersion: null } : {}),
  };
}

function finishUnbound({ out }: Context, served: Served, tenant: string): 0 {
  out.say(
    `Nothing is bound, as no entity is named. To bind it: add --entity <slug> (ntro entity list --tenant ${tenant})`,
  );
  out.record(served.deployment ?? served, [
    ["runbook", served.slug],
    ["version", served.version],
    ["digest", served.digest],
    ["tenant", tenant],
  ]);
  return 0;
}

async function showBinding(
  { out }: Context,
  api: NtroClient,
  request: CreateRequest,
  served: Served,
  { workflow: bound, created, changes }: PutWorkflowAnswer,
): Promise<void> {
  const following = bound.runbookVersion ? `pinned to ${bound.runbookVersion}` : "following the current version";
  const entity = bound.entity?.slug ?? request.entity;
  const before = created ? "" : " (was bound already)";
  out.success(stageLine("bound", `${bound.runbookSlug} to ${entity}, ${following}${before}`));
  for (const { field, before, after } of changes)
    out.say(`  ${field.padEnd(15)} ${before ?? "none"} → ${after ?? "none"}`);
  if (!created && changes.length === 0) out.say("  nothing about the workflow changed");
  const full =
    bound.schedule && bound.nextRuns === undefined
      ? await api.call("workflows.get", { params: { id: bound.id } })
      : bound;
  const zone = full.timezone ?? "UTC";
  if (request.schedule !== undefined && request.timezone === undefined && zone === "UTC")
    out.warn("No --timezone is given: the schedule is in UTC.");
  if (full.paused)
    out.warn(
      `The schedule is paused by ${full.paused.by}: it starts nothing until \`ntro schedule resume ${full.id}\`.`,
    );
  for (const time of (full.nextRuns ?? []).slice(0, 3)) out.say(`  next            ${inZone(time, zone)}`);
  out.record(
    {
      workflow: full,
      created,
      changes,
      version: served.version,
      digest: served.digest,
      deployment: served.deployment ?? null,
    },
    [
      ["workflow", full.id],
      ["served", `${served.slug}@${served.version}`],
      ["digest", served.digest],
      ...workflowFields(full).filter(([key]) => key !== "id" && key !== "runbook"),
    ],
  );
}
