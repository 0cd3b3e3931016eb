import type { NtroClient, PutWorkflow, RevisionRef } from "@ntro/contract";
import type { Context } from "../context";
import { previewText } from "./preview-text";

/** Shows what deploying and binding a revision would change, and changes nothing. */
export async function showPreview(
  { out }: Pick<Context, "out">,
  api: NtroClient,
  { slug, version, digest }: RevisionRef & { readonly slug: string },
  options: {
    readonly tenant: string;
    /** Whether it would be uploaded; false for a version that the server holds. */
    readonly deploys: boolean;
    readonly pin: boolean;
    /** What would be bound; null: nothing. */
    readonly binding: PutWorkflow | null;
  },
): Promise<0> {
  const { tenant: tenantSlug, deploys, pin, binding: workflow } = options;
  const body = { tenantSlug, version, digest, deploys, pin, workflow };
  const preview = await api.call("runbooks.preview", { params: { slug }, body });
  out.data({ dryRun: true, ...preview }, () => previewText(preview, out.colour));
  out.say("This was a dry run: nothing was changed.");
  return 0;
}
