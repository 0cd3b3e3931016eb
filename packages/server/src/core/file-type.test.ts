import { type FileSlot, NtroError } from "@ntro/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkFile, safeFilename } from "./file-type";

const slot = (accept: string[], max_size_mb = 1): FileSlot => ({
  source: "tb",
  accept,
  max_size_mb,
  status: "pending",
});
const bytes = (text: string) => Buffer.from(text, "latin1");
const xlsx = bytes("PK\x03\x04....xl/workbook.xml");

function codeOf(filename: string, content: Buffer, of: FileSlot): string {
  try {
    return checkFile({ filename, bytes: content }, of);
  } catch (error) {
    if (error instanceof NtroError) return error.code;
    throw error;
  }
}

describe("a submitted file", () => {
  it.each<[string, Buffer, string[], string]>([
    ["a.pdf", bytes("%PDF-1.7 x"), ["pdf"], "application/pdf"],
    ["a.PDF", bytes("junk\n%PDF-1.7 x"), ["pdf"], "application/pdf"],
    ["tb.xlsx", xlsx, ["xlsx", "csv"], "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"],
    ["tb.csv", bytes("a;b\r\n1;\xa3 5\n"), ["csv"], "text/csv"],
    ["tb.csv", Buffer.from("\ufeffa\t1", "utf16le"), ["csv"], "text/csv"],
    ["x.json", bytes('{"a":1}'), ["json"], "application/json"],
    ["scan.jpeg", Buffer.from("ffd8ffe0", "hex"), ["jpg"], "image/jpeg"],
    ["mail.eml", bytes("anything"), [], "application/octet-stream"],
  ])("%s is taken", (name, content, accept, type) => {
    expect(codeOf(name, content, slot(accept))).toBe(type);
  });

  it.each<[string, Buffer, string[], string]>([
    ["a.pdf", bytes(""), ["pdf"], "FILE_EMPTY"],
    ["a.pdf", bytes("hello"), ["pdf"], "FILE_TYPE_REJECTED"],
    ["a.pdf", bytes("%PDF-1.7"), ["xlsx"], "FILE_TYPE_REJECTED"],
    ["tb.xlsx", bytes("PK\x03\x04....word/document.xml"), ["xlsx"], "FILE_TYPE_REJECTED"],
    ["tb.csv", bytes("a\x00b"), ["csv"], "FILE_TYPE_REJECTED"],
    ["x.json", bytes("{a:1}"), ["json"], "FILE_TYPE_REJECTED"],
    ["noextension", bytes("x"), ["csv"], "FILE_TYPE_REJECTED"],
    ["a.pdf", bytes("x"), [], "FILE_TYPE_REJECTED"],
    ["tb.csv", Buffer.alloc(1024 * 1024 + 1, "a"), ["csv"], "FILE_TOO_LARGE"],
  ])("%s is refused", (name, content, accept, code) => {
    expect(codeOf(name, content, slot(accept))).toBe(code);
  });
});

describe("a file's name", () => {
  it("loses folders, control characters and excess", () => {
    expect(safeFilename("../../etc/passwd")).toBe("passwd");
    expect(safeFilename("C:\\Users\\ann\\tb.xlsx")).toBe("tb.xlsx");
    expect(safeFilename("a\u0000b\u202ec.pdf")).toBe("abc.pdf");
    expect(safeFilename(`${"x".repeat(300)}.pdf`)).toHaveLength(255);
    expect(safeFilename(`${"x".repeat(300)}.pdf`)).toMatch(/x\.pdf$/);
    for (const nothing of [undefined, "", "..", "/", "a/"]) expect(safeFilename(nothing)).toBe("file");
  });
  it("is always safe", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 600 }), (name) => {
        const safe = safeFilename(name);
        expect(safe).not.toMatch(/[/\\\p{Cc}]/u);
        expect(safe.length).toBeGreaterThan(0);
        expect(safe.length).toBeLessThanOrEqual(255);
      }),
    );
  });
});
