/** Small preferences and drafts of this browser. A browser that refuses storage just forgets. */
export function remember(name: string, value: unknown): void {
  try {
    if (value === undefined || value === null || value === "") localStorage.removeItem(`rushes.${name}`);
    else localStorage.setItem(`rushes.${name}`, JSON.stringify(value));
  } catch {
    // Full or forbidden: the page works without.
  }
}

export function recall<Value>(name: string, fallback: Value): Value {
  try {
    const text = localStorage.getItem(`rushes.${name}`);
    return text === null ? fallback : (JSON.parse(text) as Value);
  } catch {
    return fallback;
  }
}
