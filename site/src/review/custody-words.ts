const words: Record<string, string> = {
  "upload.opened": "Upload started",
  "upload.received": "File received",
  "upload.refused": "File refused",
  "upload.promoted": "Accepted as a master",
  "version.promoted": "Copied to its locked place",
  "version.locked": "Lock set and read back",
  "version.playable": "First seconds of the preview ready",
  "version.ready": "Preview ready",
  "version.failed": "Preview failed",
  "version.downloaded": "Master downloaded",
  "master.verified": "Master read again: unchanged",
  "master.mismatch": "Master differs from its fingerprint",
  "hold.placed": "Legal hold placed",
  "hold.released": "Legal hold released",
  "retention.extended": "Lock extended",
  "approval.given": "Verdict given",
};

/** An event of the chain as a sentence; unknown ones keep their name. */
export function actionWords(action: string, detail: Record<string, unknown>): string {
  const said = words[action] ?? action.replaceAll(".", " ").replaceAll("-", " ");
  const reason = typeof detail.reason === "string" ? `: ${detail.reason}` : "";
  return `${said.charAt(0).toUpperCase()}${said.slice(1)}${reason}`;
}
