import { SIGNALS } from "@ntro/contract/names";
import type { FileSlot, PendingAction, SubmitUpdate } from "@ntro/contract/protocol";
import type { FileOptions, Submission } from "../gates";
import type { GateBehaviour, Settled } from "./gate";
import { refuse } from "./refusal";

const DEFAULT_MAX_MB = 25;
const TOOL = "ntro_task_file_ingest";

/** Whose file it is, and the workflow that waits for it. */
export interface Owner {
  readonly workflowId: string;
  readonly tenantSlug: string;
  readonly entitySlug: string;
}

/** Waits for every file that was asked for, in any order; settles with the submissions by source. */
export class FileGate implements GateBehaviour<ReadonlyMap<string, Submission>> {
  readonly kind: "submit_file" | "submit_files";
  readonly component: "FILE_UPLOAD" | "MULTI_FILE_UPLOAD";
  readonly reasonRequired = false;
  readonly kept = true;
  readonly #submissions = new Map<string, Submission>();

  constructor(
    readonly title: string,
    private readonly instructions: string | undefined,
    private readonly files: readonly FileOptions[],
    private readonly owner: Owner,
    single: boolean,
  ) {
    this.kind = single ? "submit_file" : "submit_files";
    this.component = single ? "FILE_UPLOAD" : "MULTI_FILE_UPLOAD";
    if (files.length === 0) throw new Error("A step that asks for files names at least one.");
    if (new Set(files.map((file) => file.source)).size !== files.length)
      throw new Error("The files a step asks for need sources that differ.");
  }

  view() {
    return { action: this.kind === "submit_file" ? this.#single() : this.#several(), slots: this.#slots() };
  }

  openSources(): string[] {
    return this.files.map((file) => file.source).filter((source) => !this.#submissions.has(source));
  }

  submit(answer: SubmitUpdate): () => Settled<ReadonlyMap<string, Submission>> | undefined {
    const slot = this.files.find((file) => file.source === answer.source);
    if (!slot)
      refuse(
        "GATE_NOT_OPEN",
        `"${answer.source}" is not asked for; these are: ${this.files.map((file) => file.source).join(", ")}.`,
      );
    if (this.#submissions.has(slot.source)) refuse("GATE_NOT_OPEN", `"${answer.source}" was submitted already.`);
    return () => {
      this.#submissions.set(slot.source, asSubmission(answer));
      if (this.#submissions.size < this.files.length) return undefined;
      return { outcome: this.#submissions, decision: { submitted: [...this.#submissions.values()] } };
    };
  }

  #slots(): FileSlot[] {
    return this.files.map((file) => {
      const document = this.#submissions.get(file.source);
      return {
        source: file.source,
        title: file.title ?? file.source,
        accept: [...(file.accept ?? [])],
        max_size_mb: file.maxSizeMb ?? DEFAULT_MAX_MB,
        status: document ? "completed" : "pending",
        ...(document ? { document } : {}),
      };
    });
  }

  #args(source: string): Record<string, unknown> {
    return {
      source,
      signal_task_id: this.owner.workflowId,
      signal_name: SIGNALS.documentSubmitted,
      tenant_id_or_slug: this.owner.tenantSlug,
      entity_id_or_slug: this.owner.entitySlug,
    };
  }

  #single(): PendingAction {
    const [file] = this.files;
    const config = {
      title: this.title,
      ...(this.instructions ? { instructions: this.instructions } : {}),
      accept: [...(file?.accept ?? [])],
      max_size_mb: file?.maxSizeMb ?? DEFAULT_MAX_MB,
    };
    return {
      kind: "submit_file",
      reason: this.title,
      display_hint: { component: this.component, config },
      tool: TOOL,
      args: this.#args(file?.source ?? ""),
    };
  }

  #several(): PendingAction {
    const expected = this.#slots().map((slot, index) => ({
      ...slot,
      ...(this.files[index]?.instructions ? { instructions: this.files[index].instructions } : {}),
      args: this.#args(slot.source),
    }));
    const config = { title: this.title, ...(this.instructions ? { instructions: this.instructions } : {}), expected };
    return {
      kind: "submit_files",
      reason: this.title,
      display_hint: { component: this.component, config },
      tool: TOOL,
    };
  }
}

function asSubmission(answer: SubmitUpdate): Submission {
  return {
    ref: answer.document_ref,
    source: answer.source,
    filename: answer.filename,
    contentType: answer.content_type,
    sizeBytes: answer.size_bytes,
    sha256: answer.sha256,
    submittedBy: answer.actedBy,
    at: answer.at,
  };
}
