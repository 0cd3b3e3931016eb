import { describe, expect, it } from "vitest";
import { cut, formatRecord, formatTable, pad, printable, width } from "./output";

describe("tables", () => {
  const columns = [
    { title: "NAME", value: (row: { name: string | null; count: number }) => row.name },
    { title: "COUNT", align: "right" as const, value: (row: { name: string | null; count: number }) => row.count },
  ];

  it("aligns columns without borders", () => {
    const rows = [
      { name: "a", count: 1 },
      { name: "longer", count: 1200 },
      { name: null, count: 3 },
    ];
    expect(formatTable(rows, columns)).toBe(
      ["NAME    COUNT", "a           1", "longer   1200", "            3"].join("\n"),
    );
  });

  it("says so when there is nothing", () => {
    expect(formatTable([], columns)).toBe("No results.");
  });

  it("keeps a cell on one line and takes control characters out", () => {
    const [, row] = formatTable([{ name: "a\nb\u001b[31mred\u0007", count: 1 }], columns).split("\n");
    expect(row).toBe("a b[31mred      1");
  });

  it("counts wide characters twice and accents not at all", () => {
    expect(width("東京")).toBe(4);
    expect(width("e\u0301")).toBe(1);
    expect(pad("東京", 6, "right")).toBe("  東京");
    expect(cut("東京東京", 5)).toBe("東京…");
  });
});

describe("panels", () => {
  it("leaves out what is empty and lines up what is not", () => {
    const fields = [
      ["id", "1"],
      ["name", ""],
      ["tags", []],
      ["description", "one\ntwo"],
      ["zero", 0],
    ] as const;
    expect(formatRecord(fields)).toBe(
      ["id           1", "description  one", "             two", "zero         0"].join("\n"),
    );
  });
});

describe("text of other people", () => {
  it("cannot drive the terminal", () => {
    expect(printable("ok\u001b]0;title\u0007 \u202eevil\u009b31m")).toBe("ok]0;title evil31m");
  });
});
