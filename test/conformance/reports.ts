import { StateReport } from "@ntro/contract";

/** What hosts reported, to be looked at and waited for. */
export class Reports {
  readonly all: StateReport[] = [];
  readonly #waiting = new Set<() => void>();

  readonly take = (report: StateReport): void => {
    this.all.push(StateReport.parse(report));
    for (const look of [...this.#waiting]) look();
  };

  /** The first report that fits, also of those that came before; waits for it. */
  first<R extends StateReport>(fits: (report: StateReport) => report is R): Promise<R> {
    return new Promise((resolve) => {
      const look = () => {
        const found = this.all.find(fits);
        if (!found) return;
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }
}
