import { packFiles, readBundle } from "@ntro/bundle";
import { type Manifest, NtroError } from "@ntro/contract";

/** A bundle that passed its checks and is ready to be sent. */
export interface ReadyBundle {
  readonly manifest: Manifest;
  readonly files: ReadonlyMap<string, string>;
  /** Bytes of all files together. */
  readonly bytes: number;
  readonly digest: string;
}

/** Reads and checks a bundle's folder. Throws `BUNDLE_INVALID` with every fault as its details. */
export async function readFolder(folder: string): Promise<ReadyBundle> {
  const result = await readBundle(folder);
  if (result.status === "faulty") {
    const count = result.faults.length;
    throw new NtroError(
      "BUNDLE_INVALID",
      `The bundle has ${count === 1 ? "a fault" : `${count} faults`}; nothing was sent.`,
      {
        details: result.faults,
      },
    );
  }
  const { files, manifest } = result.bundle;
  const bytes = [...files.values()].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  return { manifest, files, bytes, digest: packFiles(files).digest };
}
