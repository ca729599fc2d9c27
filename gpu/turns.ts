/** Builds beyond `concurrency`, so that a new file can be watched at once, however long the others take. */
const GUESTS = 1;

/** One build in the worker. */
export interface Turn {
  /** It runs beyond `concurrency`: it may only start what nobody can watch yet, and may have to make room. */
  readonly isGuest: boolean;
  /** People have something to watch, and the rest takes long. */
  mayWait(): void;
  /** Aborts when it has to hand its job back. */
  readonly room: AbortSignal;
  end(): void;
}

/** Who builds now. The oldest have the ordinary places; a guest moves up when one of them ends. */
export class Turns {
  readonly #concurrency: number;
  readonly #turns = new Set<Turn & { waits: boolean; control: AbortController }>();
  #changed = Promise.withResolvers<void>();

  constructor(concurrency: number) {
    this.#concurrency = concurrency;
  }

  /** How many more may start now. */
  get free(): number {
    const places = this.#concurrency + GUESTS - this.#turns.size;
    return places > 0 || !this.#waiting() ? Math.max(0, places) : 1;
  }

  /** Resolves when a build ends or may wait. */
  get changed(): Promise<void> {
    return this.#changed.promise;
  }

  begin(): Turn {
    const control = new AbortController();
    const turn = {
      isGuest: this.#turns.size >= this.#concurrency,
      waits: false,
      control,
      room: control.signal,
      mayWait: () => {
        if (turn.waits) return;
        turn.waits = true;
        this.#tell();
      },
      end: () => {
        this.#turns.delete(turn);
        this.#tell();
      },
    };
    this.#turns.add(turn);
    return turn;
  }

  /** A guest has claimed its job. When there is one too many, the one that may wait goes. */
  makeRoom(): void {
    if (this.#turns.size > this.#concurrency + GUESTS) this.#waiting()?.control.abort();
  }

  #waiting() {
    return [...this.#turns]
      .slice(this.#concurrency)
      .find(({ waits, control }) => waits && !control.signal.aborted);
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
