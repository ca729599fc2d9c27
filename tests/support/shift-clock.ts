const RealDate = Date;

/** This process believes that it is `ms` later than it is; the servers know better. Answers how to set it right. */
export function shiftClock(ms: number): () => void {
  globalThis.Date = class extends RealDate {
    constructor(...given: [] | [number | string | Date]) {
      super(given.length === 0 ? RealDate.now() + ms : given[0]);
    }
    static override now = () => RealDate.now() + ms;
  } as DateConstructor;
  return () => {
    globalThis.Date = RealDate;
  };
}
