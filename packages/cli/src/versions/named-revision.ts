import { NtroError, type RunbookVersion } from "@ntro/contract";

/** Fewest digits of a digest that name a content. */
const FEWEST = 4;

/**
 * The revision that somebody typed, among those of one runbook in one tenant: `current`, a version (of several contents the one that became ready last), or a
 * version with the beginning of a digest, `0.1.0+ab12cd`.
 * @throws NtroError `VERSION_NOT_FOUND` naming what there is
 */
export function namedRevision(slug: string, typed: string, versions: readonly RunbookVersion[]): RunbookVersion {
  const wanted = typed.startsWith(`${slug}@`) ? typed.slice(slug.length + 1) : typed;
  if (wanted === "current") {
    const current = versions.find((each) => each.current);
    if (current) return current;
    throw notFound(`No version of ${slug} is current yet.`, versions);
  }
  const contents = versions.filter(({ version }) => version === wanted);
  if (contents.length > 0) return meant(contents);
  const plus = wanted.lastIndexOf("+");
  const [version, digest] = [wanted.slice(0, plus), wanted.slice(plus + 1).toLowerCase()];
  const matching = versions.filter((each) => each.version === version && each.digest.startsWith(digest));
  const [only] = matching;
  if (plus < 1 || digest.length < FEWEST || !only) throw notFound(`${slug} has no version ${wanted}.`, versions);
  if (matching.length > 1)
    throw notFound(`${matching.length} contents of ${slug}@${version} begin with ${digest}.`, matching);
  return only;
}

/** Of several contents of one version the one that became ready last, else the one uploaded last. */
function meant(contents: readonly RunbookVersion[]): RunbookVersion {
  const at = ({ readyAt, createdAt }: RunbookVersion) => `${readyAt === null ? 0 : 1}${readyAt ?? createdAt}`;
  const [first, ...others] = contents;
  if (!first) throw new Error("there is no content to choose");
  return others.reduce((best, each) => (at(each) > at(best) ? each : best), first);
}

/** A revision as people type it: version and the beginning of its digest. */
export function revisionText({ version, digest }: { readonly version: string; readonly digest: string }): string {
  return `${version}+${digest.slice(0, 12)}`;
}

function notFound(message: string, versions: readonly RunbookVersion[]): NtroError {
  const named = versions.slice(0, 5).map(revisionText).join(", ");
  return new NtroError("VERSION_NOT_FOUND", message, {
    hint: `There is ${named}${versions.length > 5 ? ", …" : ""}; \`ntro runbook versions ${versions[0]?.slug ?? "<slug>"}\` shows all.`,
  });
}
