import { check, decimal, fail, runbook } from "@ntro/runbook";
import type * as z from "zod";
import { imbalance } from "./accounts";
import * as activities from "./activities";
import { Input, Journal, Summary } from "./models";

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

export default runbook({
  input: Input,
  output: Summary,
  activities,
  steps: {
    open: ["Open period", "Calendar"],
    collect: ["Collect sources", "Upload"],
    review: ["Review journals", "Eye"],
    report: ["Report", "FileText"],
  },
  async run({ input, step }) {
    const { period, managementFeePercent } = input;
    await step.open(({ act }) => act.openPeriod({ period }));

    const books = await step.collect(async ({ act, submitFiles, feedback }) => {
      for (;;) {
        const files = await submitFiles(
          {
            trialBalance: { source: "trial-balance", title: "Trial balance", accept: ["xlsx", "csv"] },
            rentRoll: { source: "rent-roll", title: "Rent roll", accept: ["pdf"] },
          },
          { title: `Trial balance and rent roll of ${period}` },
        );
        const read = await act.readSources(files);
        if (read.status === "ok") return { ...read, rentRoll: files.rentRoll };
        feedback("error", read.problem);
      }
    });

    const review = await step.review(async ({ act, review, feedback }) => {
      let { journals } = await act.propose({
        accounts: books.accounts,
        tenancies: books.tenancies,
        managementFeePercent,
      });
      for (;;) {
        const answer = await review({
          title: `Journals of ${period}`,
          row: Journal,
          rows: journals,
          editable: ["account", "description", "debit", "credit"],
          checks: [balanced],
          document: books.rentRoll,
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
      act.close({ period, accounts: books.accounts, journals: review.rows, approvedBy: review.approvedBy.name }),
    );
  },
});
