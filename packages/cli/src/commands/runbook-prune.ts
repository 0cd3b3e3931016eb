import { defineCommand } from "../command";
import { UsageError } from "../usage-error";
import { tenantOption } from "./scope-options";

export const runbookPrune = defineCommand({
  name: "prune",
  summary: "Remove versions that nothing uses",
  examples: [
    "ntro runbook prune nav-monthly --tenant acme-fund --dry-run",
    "ntro runbook prune nav-monthly --tenant acme-fund --keep 3",
    "ntro runbook prune --all --tenant acme-fund",
  ],
  notes: `Kept is what is current, what a workflow is pinned to, what an open task runs or its children may run, and what is being deployed.
A removed version stays in the list as pruned, and uploading the same content brings it back.`,
  arguments: { slug: { help: "The runbook's slug", optional: true } },
  options: {
    tenant: tenantOption,
    all: { help: "All runbooks of the tenant" },
    keep: { value: "n", help: "Keep so many of the newest, used or not (default 0)" },
    dryRun: { help: "Only show what would be removed" },
  },
  async run({ client, out, tenant: tenantOf }, { args, options }) {
    if ((args.slug === undefined) !== options.all)
      throw new UsageError(
        options.all ? "--all and a runbook are both given." : "Which runbook is not said.",
        "Name one, or add --all for every runbook of the tenant.",
      );
    const { revisionText } = await import("../versions/named-revision");
    const keep = numberOf(options.keep ?? "0");
    const tenantSlug = await tenantOf(options.tenant);
    const api = await client();
    const slug = args.slug === undefined ? {} : { slug: args.slug };
    const answer = await api.call("runbooks.prune", { body: { tenantSlug, ...slug, keep, dryRun: options.dryRun } });
    const removed = options.dryRun ? "would remove" : "removed";
    const name = (revision: (typeof answer.removed)[number]) => `${revision.slug}@${revisionText(revision)}`;
    const lines = [
      ...answer.removed.map((revision) => `${out.colour.red(removed.padEnd(12))}  ${name(revision)}`),
      ...answer.kept.map((revision) => {
        const reasons = revision.reasons.map(({ text }) => text).join("; ");
        return `${out.colour.dim((options.dryRun ? "would keep" : "kept").padEnd(12))}  ${name(revision)}: ${reasons}`;
      }),
    ];
    const [gone, stay] = [answer.removed.length, answer.kept.length];
    const what = (count: number) => `${count} ${count === 1 ? "version" : "versions"}`;
    out.data(answer, () => (lines.length > 0 ? lines.join("\n") : "There is nothing to prune."));
    if (options.dryRun) out.say(`Nothing was changed: ${what(gone)} would be removed, ${stay} kept.`);
    else out.success(`${what(gone)} removed, ${stay} kept.`);
    return 0;
  },
});

function numberOf(typed: string): number {
  if (/^\d{1,4}$/.test(typed)) return Number(typed);
  throw new UsageError(`--keep ${typed} is no whole number from 0 to 9999.`, "Such as --keep 3.");
}
