import type { Log } from "./log.ts";

/**
 * Under Bun a socket may report a reset after its client has already let go of it, with nobody left to listen, and
 * that would end the process with every request and job in it. Whoever waited for the connection was told by its
 * own error. Anything else that nobody caught is a defect, and ends the process.
 */
export function surviveStrayResets(log: Log): void {
  process.on("uncaughtException", (error: NodeJS.ErrnoException) => {
    if (isStrayReset(error)) {
      log.warn({ err: error }, "a connection that nobody holds any more was reset");
      return;
    }
    log.fatal({ err: error }, "an error that nobody caught");
    process.exit(1);
  });
}

function isStrayReset({ code, syscall }: NodeJS.ErrnoException): boolean {
  return ["ECONNRESET", "EPIPE", "ECONNREFUSED", "ETIMEDOUT"].includes(code ?? "") && syscall !== undefined;
}
