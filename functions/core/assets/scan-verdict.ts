/** The scanner gave no verdict. The upload waits and says so; it never passes unscanned. */
export class ScannerDown extends Error {
  override name = "ScannerDown";
}

/** What the scanner calls what it found; undefined when the file is clean. */
export interface Verdict {
  found: string | undefined;
}

/** What a scanner calls clean that it was not sent to its end is not scanned. */
export const hasty = () =>
  new ScannerDown("The virus scanner called the file clean before it had the whole file. The upload waits.");
