import { type Cell, type Documents, fail, type SubmittedFile } from "@ntro/runbook";
import type { Pool } from "pg";

/** Files of the tenant's database. A file that is not there, or cannot be read as what it is taken for, fails the task with that said. */
export function documents(pool: Pool): Documents {
  const bytes = async (file: SubmittedFile): Promise<Uint8Array> => {
    const { rows } = await pool.query<{ data_bytes: Buffer }>(
      "select data_bytes from ingest.submitted_documents where id = $1",
      [file.ref],
    );
    return (
      rows[0]?.data_bytes ??
      fail(`The document ${file.ref} (${file.filename}) is not in the tenant's database.`, { type: "DocumentNotFound" })
    );
  };
  return {
    bytes,
    text: async (file) => textOf(file, await bytes(file)),
    rows: async (file, options) => rowsOf(file, await bytes(file), options?.sheet),
  };
}

async function textOf(file: SubmittedFile, content: Uint8Array): Promise<string> {
  if (!isPdf(content)) return new TextDecoder("utf-8").decode(content);
  try {
    // Loaded when first needed, as the others below: hosts start sooner.
    const { extractText, getDocumentProxy } = await import("unpdf");
    const { text } = await extractText(await getDocumentProxy(new Uint8Array(content)), { mergePages: false });
    return text.join("\f");
  } catch (error) {
    return unreadable(file, "PDF", error);
  }
}

async function rowsOf(file: SubmittedFile, content: Uint8Array, sheet: string | undefined): Promise<Cell[][]> {
  const workbook = content[0] === 0x50 && content[1] === 0x4b;
  try {
    if (!workbook) {
      const { parse: parseCsv } = await import("csv-parse/sync");
      return parseCsv(Buffer.from(content), {
        bom: true,
        relax_column_count: true,
        skip_empty_lines: true,
      }) as string[][];
    }
    const { readSheet } = await import("read-excel-file/node");
    return (await readSheet(Buffer.from(content), sheet ?? 1)) as Cell[][];
  } catch (error) {
    return unreadable(file, workbook ? "workbook" : "CSV file", error);
  }
}

function isPdf(content: Uint8Array): boolean {
  return new TextDecoder("latin1").decode(content.subarray(0, 5)) === "%PDF-";
}

function unreadable(file: SubmittedFile, as: string, error: unknown): never {
  return fail(`${file.filename} cannot be read as a ${as}: ${error instanceof Error ? error.message : String(error)}`, {
    type: "DocumentUnreadable",
  });
}
