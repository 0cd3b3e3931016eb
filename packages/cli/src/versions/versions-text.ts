import type { RunbookVersion } from "@ntro/contract";
import type { createColors } from "picocolors";
import { type Column, cut, formatTable, printable } from "../output";
import { minute } from "../times";
import { revisionText } from "./named-revision";

type Colours = ReturnType<typeof createColors>;

const LANGUAGES = { typescript: "ts", python: "py" } as const;

/** Versions as a table of at most 120 columns, and what is current below it; the tenant is shown where there are several. */
export function versionsText(versions: readonly RunbookVersion[], colour: Colours): string {
  const several = new Set(versions.map(({ tenantSlug }) => tenantSlug)).size > 1;
  const columns: Column<RunbookVersion>[] = [
    { title: "", value: ({ current }) => (current ? "*" : "") },
    { title: "VERSION", value: ({ version }) => cut(version, 16) },
    { title: "DIGEST", value: ({ digest }) => digest.slice(0, 12) },
    { title: "LANG", value: ({ language }) => LANGUAGES[language] },
    ...(several ? [{ title: "TENANT", value: ({ tenantSlug }: RunbookVersion) => cut(tenantSlug, 16) }] : []),
    { title: "STATUS", value: ({ status }) => status },
    { title: "DEPLOYED", value: ({ createdAt }) => minute(createdAt) },
    { title: "BY", value: ({ deployedBy }) => cut(printable(deployedBy), several ? 12 : 16) },
    { title: "PINNED BY", value: ({ pinnedBy }) => pinsText(pinnedBy, several ? 16 : 26) },
    { title: "TASKS", value: tasksText },
  ];
  const below = versions
    .filter(({ current }) => current)
    .map((version) => currentText(version, several ? ` in ${version.tenantSlug}` : ""));
  return [formatTable(versions, columns, colour), ...(below.length > 0 ? ["", ...below] : [])].join("\n");
}

/** `month-end (acme-spv1), +2`: as many as fit, and how many more. */
function pinsText(pins: RunbookVersion["pinnedBy"], width: number): string {
  const [first, ...others] = pins.map(({ id, name, entity }) => `${name ?? id.slice(0, 8)} (${entity})`);
  if (first === undefined) return "";
  const more = others.length > 0 ? `, +${others.length}` : "";
  return `${cut(printable(first), width - more.length)}${more}`;
}

/** Open tasks that run it, and those that may start it as a child. */
function tasksText({ openTasks, lockedBy }: RunbookVersion): string {
  const parts = [openTasks > 0 ? `${openTasks} open` : "", lockedBy > 0 ? `${lockedBy} as child` : ""];
  return parts.filter((part) => part !== "").join(", ");
}

function currentText(version: RunbookVersion, where: string): string {
  const since = version.currentSince === null ? "" : ` since ${minute(version.currentSince)}`;
  const by = version.currentBy === null ? "" : `, moved by ${printable(version.currentBy)}`;
  return `* ${revisionText(version)} is current${where}${since}${by}`;
}
