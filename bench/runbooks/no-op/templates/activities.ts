import { activity } from "@ntro/runbook";
import * as z from "zod";

const nothing = z.object({});

export const first = activity({ input: nothing, output: nothing, run: async () => ({}) });
export const second = activity({ input: nothing, output: nothing, run: async () => ({}) });
export const third = activity({ input: nothing, output: nothing, run: async () => ({}) });
