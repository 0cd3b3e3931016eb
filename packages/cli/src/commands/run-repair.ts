import { defineCommand } from "../command";
import { UsageError } from "../usage-error";
import { tenantOption } from "./scope-options";

export const runRepair = defineCommand({
  name: "repair",
  summary: "Let a task in flight go on with the code of another version, if its history fits",
  examples: [
    "ntro run repair 3f0c5b1e-6a51-4c0e-9d1a-2f4f6f3a9b7d --to 1.0.1 --check",
    'ntro run repair 3f0c5b1e-6a51-4c0e-9d1a-2f4f6f3a9b7d --to 1.0.1 --reason "Accruals were booked twice"',
    "ntro run repair 3f0c5b1e-6a51-4c0e-9d1a-2f4f6f3a9b7d --child expense-claims@1.0.1",
    "ntro run repair --all-open nav-monthly --tenant acme-fund",
  ],
  notes: `What the task has done so far is replayed on the new code, without doing any of it again. When that code would have done the same, the task goes on with it from where
it stands; its children keep theirs unless they are named. When not, the file and line that differ are shown, nothing changes, and the exit code is 1.
A version is <version>, <version>+<digest> or the beginning of a digest: \`ntro runbook versions <slug>\` shows them.`,
  arguments: { task: { help: "The task's id; left out with --all-open", optional: true } },
  options: {
    to: { value: "version", help: "Version of the task's runbook" },
    child: {
      value: "slug@version",
      repeat: true,
      help: "Version of a child runbook, running or started later; may be repeated",
    },
    check: { help: "Only report whether it fits" },
    allOpen: {
      value: "slug",
      help: "Report for every open task and child of a runbook; without --to on its current version",
    },
    reason: { value: "text", help: "Kept with the task" },
    tenant: { ...tenantOption, help: `${tenantOption.help}; with --all-open` },
  },
  conflicts: [
    ["allOpen", "child"],
    ["allOpen", "reason"],
  ],
  async run(context, { args, options }) {
    const { checkOpenTasks, repairTask } = await import("../task/repair");
    if (options.allOpen !== undefined) {
      if (args.task !== undefined)
        throw new UsageError("--all-open is about every open task of a runbook.", "Leave the task's id out.");
      return checkOpenTasks(context, options.allOpen, await context.tenant(options.tenant), options.to);
    }
    if (args.task === undefined)
      throw new UsageError("Which task is not said.", "`ntro run list` shows them; or --all-open <slug>.");
    if (options.to === undefined && options.child.length === 0)
      throw new UsageError("To which version is not said.", "Add --to <version>, or --child <slug>@<version>.");
    const { to, check, reason } = options;
    return repairTask(context, args.task, { to, children: childVersions(options.child), check, reason });
  },
});

/** `slug@version` of each `--child`, by slug. */
function childVersions(given: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    given.map((text) => {
      const at = text.indexOf("@");
      if (at < 1 || at === text.length - 1)
        throw new UsageError(`--child ${text} names no version.`, "Type it like --child expense-claims@1.0.1.");
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
