import { tmpdir } from "node:os";

/** The flags of `unshare` for a mount namespace of one's own, with or without root. */
export const ownMounts = process.getuid?.() === 0 ? ["-m"] : ["-U", "-r", "-m"];

/** Whether a test may mount a small volume for itself; in most containers it may not, and says that it was skipped. */
export const canMount =
  Bun.spawnSync(["unshare", ...ownMounts, "mount", "-t", "tmpfs", "tmpfs", tmpdir()], { stderr: "ignore" })
    .exitCode === 0;
