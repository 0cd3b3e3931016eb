import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { digestOf, unpackArchive, writeFiles } from "@ntro/bundle";
import { type Build, type Manifest, NtroError, type RevisionContent } from "@ntro/contract";
import type { RevisionKey } from "../host-messages";
import { compile, writeBuilt } from "./compile";
import { BundleFaulty } from "./load-failure";
import type { Prelude } from "./mux";

/** Where a revision is installed. */
export function revisionDir(workflows: string, tenantSlug: string, { slug, version, digest }: RevisionKey): string {
  return join(workflows, tenantSlug, slug, version, digest);
}

/** A revision that lies on disk; `built` is set when this call built it. */
export interface Installed {
  readonly dir: string;
  readonly manifest: Manifest;
  readonly files: ReadonlyMap<string, string>;
  readonly built: Build | undefined;
}

/**
 * Puts a revision on disk: written beside, checked against its digest, built (or its stored build taken), then renamed into place. A folder that is there
 * is therefore whole; whoever comes second to the rename takes what is there.
 * @throws BundleFaulty when the bundle cannot be built
 */
export async function install(dir: string, content: RevisionContent, prelude: Prelude): Promise<Installed> {
  const unpacked = unpackArchive(content.archive);
  if (unpacked.status === "faulty") throw new BundleFaulty(unpacked.faults);
  const { files, manifest } = unpacked.bundle;
  if (digestOf(content.archive) !== content.digest)
    throw new NtroError(
      "INTERNAL",
      `The archive of ${content.slug}@${content.version} does not have the digest it is named by.`,
    );
  if (existsSync(dir)) return { dir, files, manifest, built: undefined };
  // In a folder of the same length of path, so that what is built beside reads the same once renamed.
  const beside = join(dirname(dir), `.${randomUUID()}`);
  try {
    await mkdir(join(beside, ".build"), { recursive: true });
    await writeFiles(beside, files);
    const build = content.build ?? (await compile(beside, files, prelude));
    await writeBuilt(beside, build);
    await rename(beside, dir).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
    return { dir, files, manifest, built: content.build ? undefined : build };
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}
