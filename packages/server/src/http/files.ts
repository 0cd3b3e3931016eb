import { createHash, randomUUID } from "node:crypto";
import { type DocumentRef, NtroError, type SubmitUpdate, UPDATES } from "@ntro/contract";
import { actorOf } from "../core/access";
import { checkFile, megabytes, safeFilename, type UploadedFile } from "../core/file-type";
import { chooseSlot } from "../core/gates";
import type { Services } from "../services";
import { insertDocument } from "../store/documents";
import { settleEarlierAnswers } from "../task/answer";
import { answerGate, pickGate, readAnswerable } from "../task/decide";
import type { Caller, Handlers, UploadParts } from "./handler";
import { readTask } from "./tasks";

export const fileHandlers: Pick<Handlers, "tasks.submitFile"> = {
  "tasks.submitFile": async (services, { caller, params }, parts) => {
    // The whole form first: an answer in the middle of a body would reach many clients as a broken connection.
    const upload = await readUpload(parts, services.settings.limits.fileBytes);
    const { document, gate } = await submitFile(services, caller, params.id, upload);
    return { document, gate, task: await readTask(services, caller, params.id) };
  },
};

interface Upload extends UploadedFile {
  readonly sha256: string;
  readonly gate: string | undefined;
  readonly source: string | undefined;
}

/**
 * Reads the form: one file, kept only up to the limit, and the fields beside it in whatever order they come.
 * @throws NtroError `FILE_MISSING`, `FILE_TOO_LARGE`, `REQUEST_INVALID`
 */
async function readUpload(parts: UploadParts, limit: number): Promise<Upload> {
  const fields = new Map<string, string>();
  let file: (UploadedFile & { sha256: string }) | undefined;
  try {
    for await (const part of parts) {
      if (part.type === "file") file = await readFilePart(part.file, safeFilename(part.filename), limit);
      else if (typeof part.value === "string" && part.value !== "") fields.set(part.fieldname, part.value);
    }
  } catch (error) {
    throw uploadError(error, limit);
  }
  if (!file)
    throw new NtroError("FILE_MISSING", "The form holds no file.", { hint: "Send the file as the form field `file`." });
  return { ...file, gate: fields.get("gate"), source: fields.get("source") };
}

type FileStream = AsyncIterable<Buffer> & { readonly truncated: boolean };

async function readFilePart(
  stream: FileStream,
  filename: string,
  limit: number,
): Promise<UploadedFile & { sha256: string }> {
  const hash = createHash("sha256");
  const chunks: Buffer[] = [];
  for await (const chunk of stream) {
    hash.update(chunk);
    chunks.push(chunk);
  }
  if (stream.truncated) throw tooLarge(filename, limit);
  return { filename, bytes: Buffer.concat(chunks), sha256: hash.digest("hex") };
}

function tooLarge(filename: string, limit: number): NtroError {
  return new NtroError("FILE_TOO_LARGE", `The file ${filename} is over the limit of ${megabytes(limit)} MB.`);
}

/** What the form's reader throws, as an error of ours. */
function uploadError(error: unknown, limit: number): unknown {
  if (error instanceof NtroError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "FST_REQ_FILE_TOO_LARGE") return tooLarge("", limit);
  if (code === "FST_FILES_LIMIT")
    return new NtroError("REQUEST_INVALID", "The form holds several files; submit them one by one.", { cause: error });
  const message = error instanceof Error ? error.message : String(error);
  if (code.startsWith("FST_") || /form|multipart|boundary|part header|premature|aborted/i.test(message))
    return new NtroError("REQUEST_INVALID", `The form cannot be read: ${message}.`, { cause: error });
  return error;
}

/** Keeps a file in the tenant's database and hands it to the gate that asks for it; a file that is refused is not kept. */
async function submitFile(
  services: Services,
  caller: Caller,
  id: string,
  upload: Upload,
): Promise<{ document: DocumentRef; gate: string }> {
  const answerable = await readAnswerable(services, caller, id);
  const { task } = answerable;
  const { gate, workflowId, slot } = await pickGate(services, answerable, upload.gate, () =>
    chooseSlot(task.id, answerable.gates, upload),
  );
  const contentType = checkFile(upload, slot);
  await settleEarlierAnswers(services, task, gate.token);
  const period = task.context.period;
  const document = await insertDocument(services.tenantDatabases, task.tenant_id, {
    id: randomUUID(),
    taskId: task.id,
    entitySlug: task.entity_slug,
    period: typeof period === "string" ? period : null,
    source: slot.source,
    filename: upload.filename,
    contentType,
    bytes: upload.bytes,
    sha256: upload.sha256,
  });
  const argument: SubmitUpdate = {
    ...document,
    gate: gate.token,
    tenant_slug: task.tenant_slug,
    entity_slug: task.entity_slug,
    actedBy: actorOf(caller),
    at: new Date().toISOString(),
  };
  await answerGate(services, answerable, { gate, workflowId }, UPDATES.submit, argument);
  return { document, gate: gate.token };
}
