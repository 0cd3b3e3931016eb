import { check, childRunbook, decimal, fail, runbook, type SubmittedFile } from "@ntro/runbook";
import type * as z from "zod";
import { imbalance } from "./accounts";
import * as activities from "./activities";
import { Ingested, IngestInput, Input, Journal, Summary } from "./models";

/** A Python runbook: reads a document, has it reviewed, commits its rows. */
const ingest = childRunbook("document-ingest", { input: IngestInput, output: Ingested });

const balanced = check<z.infer<typeof Journal>>({
  id: "journals_balance",
  title: "Debits equal credits",
  run: (journals) => {
    const difference = imbalance(journals);
    return decimal.isZero(difference)
      ? { status: "pass" }
      : { status: "fail", detail: `Debits exceed credits by ${difference}.` };
  },
});

const fileOf = ({ document_ref, source, filename, content_type, size_bytes, sha256 }: Ingested): SubmittedFile => ({
  ref: document_ref,
  source,
  filename,
  contentType: content_type,
  sizeBytes: size_bytes,
  sha256,
});

export default runbook({
  input: Input,
  output: Summary,
  activities,
  children: { ingest },
  steps: {
    open: ["Open period", "Calendar"],
    collect: ["Collect sources", "Upload"],
    review: ["Review journals", "Eye"],
    report: ["Report", "FileText"],
  },
  async run({ input, step }) {
    const { period, managementFeePercent } = input;
    await step.open(({ act }) => act.openPeriod({ period }));

    const { accounts, tenancies, rentRoll } = await step.collect(async ({ act, child }) => {
      const sources = await child.ingest.all({
        trialBalance: { period, source: "trial-balance", schema_slug: "trial-balance", title: "Trial balance" },
        rentRoll: { period, source: "rent-roll", schema_slug: "rent-roll", title: "Rent roll" },
      });
      const books = await act.readBooks({
        trialBalance: sources.trialBalance.record_id,
        rentRoll: sources.rentRoll.record_id,
      });
      return { ...books, rentRoll: sources.rentRoll };
    });

    const review = await step.review(async ({ act, review, feedback }) => {
      let { journals } = await act.propose({ accounts, tenancies, managementFeePercent });
      for (;;) {
        const answer = await review({
          title: `Journals of ${period}`,
          row: Journal,
          rows: journals,
          editable: ["account", "description", "debit", "credit"],
          checks: [balanced],
          document: fileOf(rentRoll),
          labels: { approve: "Approve and close" },
        });
        if (answer.decision === "rejected" || decimal.isZero(imbalance(answer.rows))) return answer;
        journals = answer.rows;
        feedback("error", `Journals that do not balance cannot be posted: they differ by ${imbalance(answer.rows)}.`);
      }
    });

    if (review.decision === "rejected") {
      await step.report(({ act }) => act.recordRejection({ period, reason: review.reason }));
      return fail(`Rejected by ${review.rejectedBy.name}: ${review.reason}`, { type: "Rejected" });
    }
    return step.report(({ act }) =>
      act.close({ period, accounts, journals: review.rows, approvedBy: review.approvedBy.name }),
    );
  },
});
