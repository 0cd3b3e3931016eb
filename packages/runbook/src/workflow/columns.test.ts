import { expect, test } from "vitest";
import * as z from "zod";
import { date, money } from "../schema";
import { columnsOf } from "./columns";

test("columns are typed, labelled and ordered by the row's schema", () => {
  const row = z.object({
    id: z.string(),
    postingDate: date(),
    net_amount: money("KWD"),
    tax: money("EUR").nullable(),
    units: z.number().int().optional(),
    isDebit: z.boolean().default(true),
    side: z.enum(["debit", "credit"]).meta({ title: "Dr/Cr" }),
    tags: z.array(z.string()),
    mixed: z.union([z.string(), z.number()]),
  });
  expect(columnsOf(row, ["tax", "side"])).toEqual([
    { key: "id", label: "Id", type: "text", editable: false },
    { key: "postingDate", label: "Posting date", type: "date", editable: false },
    { key: "net_amount", label: "Net amount", type: "currency", editable: false, currency: "KWD" },
    { key: "tax", label: "Tax", type: "currency", editable: true, currency: "EUR" },
    { key: "units", label: "Units", type: "number", editable: false },
    { key: "isDebit", label: "Is debit", type: "boolean", editable: false },
    { key: "side", label: "Dr/Cr", type: "text", editable: true, options: ["debit", "credit"] },
    { key: "tags", label: "Tags", type: "text", editable: false },
    { key: "mixed", label: "Mixed", type: "text", editable: false },
  ]);
});
