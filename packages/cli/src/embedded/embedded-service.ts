import type { ExitStatus } from "./running-process";

/** A service that `ntro up` runs beside itself and that outlives it when it is killed. */
export interface EmbeddedService {
  readonly name: string;
  readonly pid: number;
  /** `host:port`, always on 127.0.0.1. */
  readonly address: string;
  /** True when the process had been started earlier, by a parent that is gone. */
  readonly adopted: boolean;
  /** Ends the service in order and returns when its process is gone. Does nothing when it is gone already. */
  stop(): Promise<void>;
  /**
   * Settles when the process ends, whoever ended it. Code and signal are both null for an adopted process. Waiting for
   * it alone does not keep Node running: the service is meant to outlive us.
   */
  readonly exited: Promise<ExitStatus>;
}

/** Where an embedded service keeps its files, and where it tells the user what it does. */
export interface EmbeddedServiceOptions {
  /** The data folder of ntro (`$NTRO_HOME`); made when absent. */
  home: string;
  /** Takes one line for the user: progress of a download, where data was put. */
  log(line: string): void;
}
