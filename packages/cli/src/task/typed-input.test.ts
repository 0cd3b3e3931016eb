import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readSource } from "../deploy/source";
import { readJsonArgument } from "../json-argument";
import { parseCorrection } from "./correction";
import { splitParams, typeParams } from "./start-parameters";
import { readTypedFiles } from "./submit-files";

const folder = mkdtempSync(join(tmpdir(), "ntro-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("corrections", () => {
  it("are line, field and value; the value may hold the sign itself", () => {
    expect(parseCorrection("3=debit=1250.00")).toEqual({ line: "3", field: "debit", value: "1250.00" });
    expect(parseCorrection("journals:2=note=a=b")).toEqual({ line: "journals:2", field: "note", value: "a=b" });
    expect(parseCorrection("3=note=")).toEqual({ line: "3", field: "note", value: "" });
  });

  it.each(["", "3", "3=debit", "=debit=1", "3==1"])("refuses %j", (text) => {
    expect(() => parseCorrection(text)).toThrow("is not line=field=value");
  });
});

describe("start parameters", () => {
  const declared = [
    { key: "materiality", type: "string" as const, required: true },
    { key: "top", type: "number" as const, required: false },
    { key: "strict", type: "boolean" as const, required: false },
    { key: "accounts", type: "array" as const, required: false },
  ];

  it("take the types that the runbook declares", () => {
    const params = splitParams(["materiality=100.00", "top=5", "strict=yes", 'accounts=["1","2"]', "other=1"]);
    expect(typeParams(params, declared)).toEqual({
      materiality: "100.00",
      top: 5,
      strict: true,
      accounts: ["1", "2"],
      other: "1",
    });
  });

  it("are refused where the text does not fit", () => {
    expect(() => splitParams(["materiality"])).toThrow("is not key=value");
    expect(() => splitParams(["a=1", "a=2"])).toThrow("given twice");
    expect(() => typeParams(new Map([["top", "many"]]), declared)).toThrow('"many" is not a number');
    expect(() => typeParams(new Map([["strict", "maybe"]]), declared)).toThrow("neither true nor false");
    expect(() => typeParams(new Map([["accounts", "1,2"]]), declared)).toThrow("takes JSON");
  });
});

describe("--json", () => {
  it("is read inline or from a file", () => {
    writeFileSync(join(folder, "body.json"), '{"name":"Acme"}');
    expect(readJsonArgument('{"a":1}', folder)).toEqual({ a: 1 });
    expect(readJsonArgument("@body.json", folder)).toEqual({ name: "Acme" });
    expect(readJsonArgument(undefined, folder)).toEqual({});
  });

  it("is refused with a sentence when it is not an object", () => {
    expect(() => readJsonArgument("{bad", folder)).toThrow("--json is not valid JSON");
    expect(() => readJsonArgument("[1]", folder)).toThrow("not a JSON object");
    expect(() => readJsonArgument("@missing.json", folder)).toThrow("missing.json cannot be read (ENOENT)");
  });
});

describe("--file", () => {
  it("takes a path, or a source and a path", () => {
    writeFileSync(join(folder, "tb.xlsx"), "x");
    writeFileSync(join(folder, "a=b.csv"), "xy");
    expect(readTypedFiles({ file: ["tb.xlsx"], source: undefined }, folder)).toMatchObject([
      { name: "tb.xlsx", bytes: 1 },
    ]);
    expect(readTypedFiles({ file: ["trial-balance=tb.xlsx", "a=b.csv"] }, folder)).toMatchObject([
      { name: "tb.xlsx", source: "trial-balance" },
      { name: "a=b.csv", source: undefined, bytes: 2 },
    ]);
  });

  it("is refused when it is not there, is a folder, or --source goes with several", () => {
    expect(() => readTypedFiles({ file: ["none.xlsx"] }, folder)).toThrow("There is no file none.xlsx.");
    expect(() => readTypedFiles({ file: ["."] }, folder)).toThrow("is not a file");
    expect(() => readTypedFiles({ file: ["a", "b"], source: "x" }, folder)).toThrow("--source goes with one file");
  });
});

describe("--path", () => {
  it("is a folder that exists, else a version the server holds, else a folder that is missing", () => {
    const held = { kind: "held", slug: "nav-monthly", version: "0.0.9" };
    expect(readSource("./runbooks/nav-monthly@0.0.9/", folder)).toEqual(held);
    expect(readSource("nav-monthly@1.0.0-rc.1", folder)).toEqual({ ...held, version: "1.0.0-rc.1" });
    expect(readSource(".", folder)).toMatchObject({ kind: "folder", folder });
    expect(readSource("nav-monthly@latest", folder)).toMatchObject({ kind: "folder" });
  });

  it("is no address", () => {
    expect(() => readSource("https://example.com/nav", folder)).toThrow("takes a folder, not the address");
    expect(readSource(`file://${folder}`, folder)).toMatchObject({ kind: "folder", folder });
  });
});
