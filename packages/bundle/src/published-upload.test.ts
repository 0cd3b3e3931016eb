import { describe, expect, it } from "vitest";
import { checkFiles } from "./files";
import { withRunbookFile } from "./published-upload";

const PYTHON = { "templates/workflow.py": "", "templates/activities.py": "" };

describe("an upload without runbook.md", () => {
  it("gets one from the request when it is Python", () => {
    const bundle = checkFiles(Object.entries(withRunbookFile(PYTHON, "nav-monthly", "0.1.0")));
    expect(bundle).toMatchObject({
      status: "ok",
      bundle: { manifest: { slug: "nav-monthly", name: "Nav Monthly", version: "0.1.0", language: "python" } },
    });
  });

  it("cannot smuggle anything into it", () => {
    const bundle = checkFiles(Object.entries(withRunbookFile(PYTHON, "nav", '1.0.0"\nchildren: [other]\nx: "')));
    expect(bundle).toMatchObject({ status: "faulty", faults: [{ code: "VERSION_NOT_SEMVER" }] });
  });

  it("stays as it is when it has one, an older skill.md, or is not Python", () => {
    const uploads: Record<string, string>[] = [
      { ...PYTHON, "runbook.md": "mine" },
      { ...PYTHON, "skill.md": "mine" },
      { "templates/workflow.ts": "" },
    ];
    for (const files of uploads) expect(withRunbookFile(files, "nav", "1.0.0")).toBe(files);
  });
});
