import { defineCommand } from "../command";
import { tenantOption } from "./scope-options";

export const runbookDiff = defineCommand({
  name: "diff",
  summary: "Show how the files of two versions differ",
  examples: [
    "ntro runbook diff nav-monthly 0.1.0 0.2.0 --tenant acme-fund",
    "ntro runbook diff nav-monthly 0.1.0+ab12cd --tenant acme-fund",
    "ntro runbook diff nav-monthly current ./runbooks/nav-monthly/ --tenant acme-fund --name-only",
  ],
  notes: `A version is typed as 0.1.0, as 0.1.0+<beginning of its digest> where it was uploaded with several contents, as \`current\`, or as the path of a
folder (with a slash in it). Without a second one, the first is compared with what is current.`,
  arguments: {
    slug: { help: "The runbook's slug" },
    from: { help: "The one to start from" },
    to: { help: "The one to come to (default: current)", optional: true },
  },
  options: {
    tenant: tenantOption,
    nameOnly: { help: "Only which files differ" },
  },
  async run({ client, out, tenant: tenantOf, terminal }, { args, options }) {
    const { readSide } = await import("../versions/diff-side");
    const { compareFiles } = await import("../versions/compare-files");
    const { diffText, namesText } = await import("../versions/diff-text");
    const tenant = await tenantOf(options.tenant);
    const api = await client();
    const scope = { api, slug: args.slug, tenant, cwd: terminal.cwd };
    const from = await readSide(scope, args.from);
    const to = await readSide(scope, args.to ?? "current");
    for (const note of new Set([from.note, to.note])) if (note !== undefined) out.say(note);
    const found = compareFiles(from.files, to.files);
    out.say(`from ${from.label} to ${to.label}`);
    const files = options.nameOnly ? found.map(({ path, change }) => ({ path, change })) : found;
    const text = options.nameOnly ? namesText : diffText;
    out.data({ slug: args.slug, from: from.label, to: to.label, files }, () => text(found, out.colour));
    return 0;
  },
});
