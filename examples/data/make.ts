/**
 * Makes the example files of a month: a trial balance (.xlsx) and a rent roll (.pdf), the same bytes of content on every run.
 * Usage: npx tsx examples/data/make.ts [folder]
 */
import { createWriteStream } from "node:fs";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import PDFDocument from "pdfkit";
import writeXlsxFile from "write-excel-file/node";

const PERIOD = "2026-03";

/** Code, account, debit, credit: balances as of 31 March 2026, in GBP. Debits and credits both add up to 12,903,008.65. */
const TRIAL_BALANCE: [string, string, number | null, number | null][] = [
  ["1000", "Investment property", 12_500_000, null],
  ["1100", "Rent receivable", 18_250, null],
  ["1200", "Cash at bank", 342_118.45, null],
  ["2000", "Bank loan", null, 6_000_000],
  ["2100", "Accruals", null, 21_400],
  ["2200", "VAT payable", null, 9_860.15],
  ["3000", "Share capital", null, 6_000_000],
  ["3100", "Retained earnings", null, 785_248.5],
  ["4000", "Rental income", null, 86_500],
  ["5000", "Property expenses", 12_640.2, null],
  ["5200", "Loan interest", 30_000, null],
];

/** Unit, tenant, rent of the month in GBP: 92,750.00 in all, 6,250.00 more than was booked. */
const RENT_ROLL: [string, string, string][] = [
  ["A1", "Harbour Coffee Ltd", "14,500.00"],
  ["A2", "Bright Dental", "11,250.00"],
  ["B1", "Northgate Logistics", "38,000.00"],
  ["B2", "Meridian Print", "9,000.00"],
  ["C1", "Quay Fitness", "20,000.00"],
];

async function makeTrialBalance(path: string): Promise<void> {
  const bold = (value: string) => ({ value, type: String, fontWeight: "bold" as const });
  const text = (value: string) => ({ value, type: String });
  const amount = (value: number | null) => (value === null ? null : { value, type: Number, format: "#,##0.00" });
  const rows = TRIAL_BALANCE.map(([code, account, debit, credit]) => [
    text(code),
    text(account),
    amount(debit),
    amount(credit),
  ]);
  const data = [
    [bold(`Acme SPV 1 Limited: trial balance ${PERIOD}`)],
    [],
    ["Code", "Account", "Debit", "Credit"].map(bold),
    ...rows,
  ];
  await writeXlsxFile([
    { sheet: "Trial balance", data, columns: [{ width: 8 }, { width: 26 }, { width: 18 }, { width: 18 }] },
  ]).toFile(path);
}

async function makeRentRoll(path: string): Promise<void> {
  const document = new PDFDocument({
    size: "A4",
    margin: 56,
    info: { Title: `Rent roll ${PERIOD}`, CreationDate: new Date("2026-04-01T09:00:00Z") },
  });
  const written = pipeline(document, createWriteStream(path));
  document.fontSize(16).text(`Acme SPV 1 Limited: rent roll ${PERIOD}`).moveDown().fontSize(11);
  for (const [unit, tenant, rent] of RENT_ROLL) document.text(`Unit ${unit}  ${tenant}  GBP ${rent}`);
  document.moveDown().text("Total GBP 92,750.00");
  document.end();
  await written;
}

const folder = process.argv[2] ?? dirname(fileURLToPath(import.meta.url));
await makeTrialBalance(join(folder, `trial-balance-${PERIOD}.xlsx`));
await makeRentRoll(join(folder, `rent-roll-${PERIOD}.pdf`));
