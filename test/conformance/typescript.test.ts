import { hostConformance } from "./host-conformance";
import { typescriptHost } from "./typescript-host";

hostConformance(typescriptHost);
