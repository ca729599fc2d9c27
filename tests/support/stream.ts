export interface StreamEvent {
  id: string | undefined;
  type: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what the wire carries
  data: any;
}

/** Reads server-sent events from an answer. */
export class EventReader {
  readonly seen: StreamEvent[] = [];
  beats = 0;
  lastId: string | undefined;
  ended = false;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  /** Settles when the stream ends; rejects when it is cut off. */
  readonly done: Promise<void>;

  constructor(answer: Response) {
    if (!answer.body) throw new Error("the answer has no body");
    this.#reader = answer.body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
    this.done = this.#read();
  }

  ofType(type: string): StreamEvent[] {
    return this.seen.filter((event) => event.type === type);
  }

  async close(): Promise<void> {
    await this.#reader.cancel();
    await this.done;
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    let text = "";
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) this.#keep(block);
    }
    this.ended = true;
  }

  #keep(block: string): void {
    if (block.startsWith(":")) this.beats += 1;
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1];
    this.lastId = field("id") ?? this.lastId;
    const data = field("data");
    if (data !== undefined)
      this.seen.push({ id: field("id"), type: field("event") ?? "message", data: JSON.parse(data) });
  }
}
