import pino from "pino";

export type Log = pino.Logger;

/** JSON lines on stdout. Fields that could carry a secret or a signed URL are removed, whoever logs them. */
export function openLog(name: string, level: string): Log {
  return pino({
    name,
    level,
    base: { name },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: {
      paths: [
        "authorization",
        "cookie",
        "secret",
        "token",
        "url",
        "passphrase",
        "*.authorization",
        "*.cookie",
        "*.secret",
        "*.token",
        "*.url",
        "*.passphrase",
      ],
      censor: "[removed]",
    },
  });
}
