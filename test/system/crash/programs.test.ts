import { survivesAtEveryStep } from "./every-step";

survivesAtEveryStep(["server", "worker", "host"]);
