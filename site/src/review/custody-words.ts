const words: Record<string, string> = {
  "upload.refused": "File refused",
  "version.created": "File received, checked and accepted",
  "version.mastered": "Copied to its locked place; the lock was set and read back",
  "master.hashed": "Master read in full for the first time, fingerprints recorded",
  "master.verified": "Master read again: unchanged",
  "master.mismatch": "Master differs from its fingerprint",
  "master.quarantined": "Master set apart",
  "master.downloaded": "Master downloaded",
  "verification.asked": "Asked for the master to be read again",
  "hold.placed": "Legal hold placed",
  "hold.released": "Legal hold released",
  "retention.extended": "Lock extended",
  "approval.given": "Verdict given",
};

/** An event of the chain as a sentence; unknown ones keep their name. */
export function actionWords(action: string, detail: Record<string, unknown>): string {
  const said = words[action] ?? action.replaceAll(".", " ").replaceAll("-", " ");
  const why = detail.reason ?? detail.fault;
  const reason = typeof why === "string" ? `: ${why}` : "";
  return `${said.charAt(0).toUpperCase()}${said.slice(1)}${reason}`;
}
