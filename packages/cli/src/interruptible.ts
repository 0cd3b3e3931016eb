import type { ExitCode } from "./command";
import type { Context } from "./context";

/** Does work until it ends or Ctrl-C comes, which ends it at once with 130 after the lines on how to go on; gives the exit code. */
export async function interruptible(context: Context, work: () => Promise<ExitCode>): Promise<ExitCode> {
  const { terminal } = context;
  let stopListening = () => {};
  const interrupted = new Promise<ExitCode>((resolve) => {
    stopListening = terminal.onInterrupt(() => {
      for (const line of context.interruptLines()) terminal.stderr.write(`${line}\n`);
      // 128 + SIGINT.
      resolve(130);
    });
  });
  try {
    return await Promise.race([work(), interrupted]);
  } finally {
    stopListening();
  }
}
