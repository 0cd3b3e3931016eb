import * as z from "zod";
import { Preview, PreviewRunbook } from "./preview";
import { inTenant, listOf, page, route } from "./route";
import { DeployAnswer, Deployment, DeployRunbook, PromoteRunbook, RunbookDetail, RunbookSummary } from "./runbook";
import { PruneAnswer, PruneRunbooks, RevisionFiles, RunbookVersion } from "./version";

/** Runbooks: what is deployed, deploying, and looking after versions. */
export const RUNBOOK_ROUTES = {
  "runbooks.list": route({
    method: "GET",
    path: "/runbooks",
    permission: "read",
    query: z.object({ search: z.string().optional(), ...inTenant, ...page }),
    answer: listOf(RunbookSummary),
  }),
  "runbooks.get": route({
    method: "GET",
    path: "/runbooks/:slug",
    permission: "read",
    query: z.object(inTenant),
    answer: RunbookDetail,
  }),
  "runbooks.versions": route({
    method: "GET",
    path: "/runbooks/:slug/versions",
    permission: "read",
    query: z.object(inTenant),
    answer: listOf(RunbookVersion),
  }),
  /** `wait`: seconds to wait for the deployment to end, 0 to 25. */
  "runbooks.deploy": route({
    method: "POST",
    path: "/runbooks/:slug/deploy",
    permission: "build",
    query: z.object({ wait: z.coerce.number().min(0).max(25).default(25) }),
    body: DeployRunbook,
    answer: DeployAnswer,
    creates: true,
  }),
  "runbooks.promote": route({
    method: "POST",
    path: "/runbooks/:slug/promote",
    permission: "build",
    body: PromoteRunbook,
    answer: RunbookVersion,
  }),
  /** The text of every file of one content of a version. */
  "runbooks.files": route({
    method: "GET",
    path: "/runbooks/:slug/revisions/:digest",
    permission: "build",
    query: z.object({ tenant: z.string() }),
    answer: RevisionFiles,
  }),
  /** What deploying and binding a revision would change, everything checked and nothing done. */
  "runbooks.preview": route({
    method: "POST",
    path: "/runbooks/:slug/preview",
    permission: "build",
    body: PreviewRunbook,
    answer: Preview,
  }),
  /** Removes the content of revisions that nothing uses. */
  "runbooks.prune": route({
    method: "POST",
    path: "/runbooks/prune",
    permission: "build",
    body: PruneRunbooks,
    answer: PruneAnswer,
  }),
  "deployments.get": route({ method: "GET", path: "/deployments/:id", permission: "read", answer: Deployment }),
} as const;
