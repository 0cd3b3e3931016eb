export { type Archive, digestOf, packFiles, unpackArchive, writeFiles } from "./archive";
export {
  type Bundle,
  type BundleResult,
  type Files,
  formatFault,
  lineOf,
  type Place,
  placeOf,
  sortFaults,
} from "./fault";
export { checkFiles } from "./files";
export { LIMITS } from "./limits";
export { PACKAGE_FILE, type PackagesResult, readPackages } from "./packages";
export { OLDER_RUNBOOK_FILE, RUNBOOK_FILE } from "./paths";
export { withRunbookFile } from "./published-upload";
export { REQUIREMENTS_FILE, type Requirements, type RequirementsResult, readRequirements } from "./python/requirements";
export { readBundle } from "./read";
