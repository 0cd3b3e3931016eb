import type { Fault } from "@ntro/contract";

/** How long installing may take, in milliseconds: a large package over a slow line. */
export const INSTALL_MS = 10 * 60_000;

/** What an installer did not get done. */
export class InstallError extends Error {
  constructor(
    /** Its own words, as `installReason` gives them. */
    readonly reason: string,
    readonly installer: string,
  ) {
    super(`${installer}: ${reason}`);
    this.name = "InstallError";
  }

  /** For the bundle whose requirements they are. */
  get requirementsFault(): Fault {
    return {
      code: "REQUIREMENTS_INSTALL_FAILED",
      message: `The packages of templates/requirements.txt could not be installed. ${this.installer} says:\n${this.reason}`,
      path: "templates/requirements.txt",
      hint: "Check names and versions, and that this machine reaches the Python package index.",
    };
  }
}

/** Puts packages where they are wanted; uv or pip. Every method throws {@link InstallError}, or the reason of an aborted signal. */
export interface Installer {
  readonly name: string;
  /** Installs exactly the pins of a file into the environment of `python`, with bytecode. */
  installBase(python: string, lock: string): Promise<void>;
  /**
   * What the environment of `python` lacks of some requirements.
   * @param requirements file of PEP 508 lines
   * @param constraints file of versions that have to stay
   * @returns pins such as `rich==15.0.0`, or `name @ url`
   */
  missing(python: string, requirements: string, constraints: string): Promise<string[]>;
  /** Installs the pins of a file, and nothing they depend on, into a folder, with bytecode. */
  installInto(folder: string, python: string, pins: string): Promise<void>;
}
