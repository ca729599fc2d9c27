/**
 * A name that can be a file anywhere: no separators, no control characters, no direction overrides, nothing that
 * Windows reserves, at most 200 bytes. Only for what leaves as a file; in the product the name stays as it was typed.
 */
export function safeFileName(name: string): string {
  const cleaned = name
    .normalize("NFC")
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
    .replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "")
    .replace(/[/\\:*?"<>|]/g, "_")
    .replace(/^[.\s]+|[.\s]+$/g, "");
  const dot = cleaned.lastIndexOf(".");
  const extension = dot > 0 && cleaned.length - dot <= 12 ? cleaned.slice(dot) : "";
  let stem = extension ? cleaned.slice(0, dot) : cleaned;
  while (Buffer.byteLength(stem + extension) > 200) stem = [...stem].slice(0, -1).join("");
  return stem + extension || "master";
}

/** A Content-Disposition for any name: plain ASCII for old readers, RFC 5987 for the rest. */
export function attachment(name: string): string {
  const safe = safeFileName(name);
  const ascii = safe.replace(/[^\x20-\x7e]|["%\\]/g, "_");
  const encoded = encodeURIComponent(safe).replace(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}
