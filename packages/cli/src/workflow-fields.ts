import type { Workflow } from "@ntro/contract";
import { inZone } from "./times";

/** How a workflow chooses its version, in a few words. */
export function pinText(workflow: Workflow): string {
  return workflow.runbookVersion ? `${workflow.runbookVersion} (pinned)` : "current";
}

/** A workflow as its panel shows it. */
export function workflowFields(workflow: Workflow): (readonly [string, unknown])[] {
  const zone = workflow.timezone ?? "UTC";
  return [
    ["id", workflow.id],
    ["name", workflow.name],
    ["runbook", workflow.runbookSlug],
    ["version", pinText(workflow)],
    ["entity", workflow.entity?.slug ?? workflow.entityId],
    ["description", workflow.description],
    ["schedule", workflow.schedule ? `${workflow.schedule} (${zone})${workflow.paused ? ", paused" : ""}` : null],
    [
      "next",
      (workflow.nextRuns ?? [])
        .slice(0, 3)
        .map((time) => inZone(time, zone))
        .join("\n"),
    ],
    [
      "defaults",
      workflow.defaultConfig && Object.keys(workflow.defaultConfig).length > 0 ? workflow.defaultConfig : null,
    ],
    ["updated", workflow.updatedAt],
  ];
}
