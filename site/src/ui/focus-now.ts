/**
 * The `ref` of a field that takes the very next key. The attribute `autofocus` does not: it waits for the next
 * picture and counts once per page, so that the first letters would be taken for commands.
 */
export function focusNow(field: HTMLElement | null): void {
  field?.focus();
}
