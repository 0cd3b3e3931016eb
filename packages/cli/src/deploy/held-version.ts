import { type NtroClient, NtroError, type RunbookVersion } from "@ntro/contract";

/** The newest ready revision of a version that a tenant already holds. Throws `VERSION_NOT_FOUND` naming those it has. */
export async function findHeldVersion(
  api: NtroClient,
  wanted: { readonly slug: string; readonly version: string; readonly tenant: string; readonly typed: string },
): Promise<RunbookVersion> {
  const { slug, version, tenant, typed } = wanted;
  const versions = await api.call("runbooks.versions", { params: { slug }, query: { tenant } });
  const ready = versions
    .filter((each) => each.version === version && each.status === "ready")
    .sort((a, b) => (b.readyAt ?? b.createdAt).localeCompare(a.readyAt ?? a.createdAt));
  if (ready[0]) return ready[0];
  const held = [...new Set(versions.filter(({ status }) => status === "ready").map((each) => each.version))];
  throw new NtroError(
    "VERSION_NOT_FOUND",
    `There is no folder ${typed}, and ${tenant} has no ready version ${version} of ${slug}.`,
    {
      hint: held.length > 0 ? `${tenant} has ${held.join(", ")}.` : `Deploy it from its folder first.`,
    },
  );
}
