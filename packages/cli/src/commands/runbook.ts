import { runbookInfo } from "./runbook-info";
import { runbookList } from "./runbook-list";
import { runbookPromote } from "./runbook-promote";
import { runbookVersions } from "./runbook-versions";

export const runbookCommands = [runbookList, runbookInfo, runbookVersions, runbookPromote];
