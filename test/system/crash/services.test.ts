import { survivesAtEveryStep } from "./every-step";

survivesAtEveryStep(["temporal", "postgres", "up"]);
