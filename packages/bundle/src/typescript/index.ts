export { type BuildResult, type Built, buildActivities, buildWorkflow } from "./build";
export { checkTypescript } from "./check";
export { checkTypes, type TypeCheck } from "./check-types";
export { checkDeterminism } from "./determinism";
export { declaredPackages, installPackages } from "./install-packages";
export { ACTIVITY_FILES, WORKFLOW_FILE } from "./modules";
