import { hostConformance } from "./host-conformance";
import { pythonHost } from "./python-host";

hostConformance(pythonHost);
