import type { Command } from "../command";

interface Group {
  readonly name: string;
  readonly summary: string;
  /** What verbs of two words are about, by their first word. */
  readonly subjects?: Readonly<Record<string, string>>;
  /** `command`: it has no verbs, and `load` gives itself. */
  readonly kind: "verbs" | "command";
  load(): Promise<readonly Command[]>;
}

/** Everything that can follow `ntro`, in the order help shows it. */
export const GROUPS: readonly Group[] = [
  {
    name: "up",
    summary: "Start the platform here: Postgres, Temporal, server and worker",
    kind: "command",
    load: async () => [(await import("./up")).up],
  },
  { name: "down", summary: "Stop the platform", kind: "command", load: async () => [(await import("./down")).down] },
  {
    name: "status",
    summary: "Show each part of the platform",
    kind: "command",
    load: async () => [(await import("./status")).status],
  },
  {
    name: "auth",
    summary: "Connections: servers and the keys for them",
    kind: "verbs",
    load: async () => (await import("./auth")).authCommands,
  },
  {
    name: "tenant",
    summary: "Clients of the organisation",
    subjects: { ai: "Provider and models of the tenant's runbooks", secret: "Secrets of the tenant's runbooks" },
    kind: "verbs",
    load: async () => (await import("./tenant")).tenantCommands,
  },
  {
    name: "entity",
    summary: "Companies and funds of a tenant",
    subjects: { ai: "Provider and models of the entity's runbooks" },
    kind: "verbs",
    load: async () => (await import("./entity")).entityCommands,
  },
  {
    name: "workflow",
    summary: "Runbooks bound to entities: deploy, bind, run",
    kind: "verbs",
    load: async () => (await import("./workflow")).workflowCommands,
  },
  {
    name: "schedule",
    summary: "When workflows run by themselves, and what became of each time",
    kind: "verbs",
    load: async () => (await import("./schedule")).scheduleCommands,
  },
  {
    name: "run",
    summary: "Tasks: watch them, submit files, decide",
    kind: "verbs",
    load: async () => (await import("./run")).runCommands,
  },
  {
    name: "runbook",
    summary: "Runbooks and their versions",
    kind: "verbs",
    load: async () => (await import("./runbook")).runbookCommands,
  },
];

/** The group of this name. */
export function findGroup(name: string | undefined): Group | undefined {
  return GROUPS.find((group) => group.name === name);
}
