import { runbookDiff } from "./runbook-diff";
import { runbookInfo } from "./runbook-info";
import { runbookList } from "./runbook-list";
import { runbookPromote } from "./runbook-promote";
import { runbookPrune } from "./runbook-prune";
import { runbookVersions } from "./runbook-versions";

export const runbookCommands = [runbookList, runbookInfo, runbookVersions, runbookDiff, runbookPromote, runbookPrune];
