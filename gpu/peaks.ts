/**
 * Waveform peaks as audiowaveform writes them (version 2, 8 bits, one channel), collected from mono s16le PCM as it
 * comes. Works at a fixed fine resolution and halves it whenever the table would grow too long, so neither the
 * length of the material nor a wrong duration in the file matters.
 */
export class Peaks {
  readonly #rate: number;
  readonly #limit: number;
  #perPixel: number;
  #table: Int8Array;
  #length = 0;
  #min = 127;
  #max = -128;
  #filled = 0;
  #odd: number | undefined;

  /** 100 pairs a second at first; `limit` pairs at most. */
  constructor(rate = 48_000, limit = 120_000) {
    this.#rate = rate;
    this.#limit = limit - (limit % 2);
    this.#perPixel = rate / 100;
    this.#table = new Int8Array(2 * this.#limit);
  }

  get seconds(): number {
    return (this.#length * this.#perPixel + this.#filled) / this.#rate;
  }

  push(chunk: Uint8Array): void {
    let bytes = chunk;
    if (this.#odd !== undefined) {
      const joined = new Uint8Array(bytes.byteLength + 1);
      joined[0] = this.#odd;
      joined.set(bytes, 1);
      bytes = joined;
      this.#odd = undefined;
    }
    if (bytes.byteLength % 2 === 1) {
      this.#odd = bytes[bytes.byteLength - 1];
      bytes = bytes.subarray(0, -1);
    }
    const aligned = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice();
    this.#scan(new Int16Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 2));
  }

  #scan(samples: Int16Array): void {
    let at = 0;
    while (at < samples.length) {
      const end = Math.min(samples.length, at + this.#perPixel - this.#filled);
      let min = 32767;
      let max = -32768;
      for (let i = at; i < end; i++) {
        const sample = samples[i] as number;
        if (sample < min) min = sample;
        if (sample > max) max = sample;
      }
      this.#min = Math.min(this.#min, min >> 8);
      this.#max = Math.max(this.#max, max >> 8);
      this.#filled += end - at;
      at = end;
      if (this.#filled === this.#perPixel) this.#flush();
    }
  }

  #flush(): void {
    if (this.#length === this.#limit) this.#halve();
    // After halving, what was a whole pixel may be half of one.
    if (this.#filled < this.#perPixel) return;
    this.#table[2 * this.#length] = this.#min;
    this.#table[2 * this.#length + 1] = this.#max;
    this.#length += 1;
    this.#min = 127;
    this.#max = -128;
    this.#filled = 0;
  }

  #halve(): void {
    const table = this.#table;
    for (let i = 0; i < this.#length / 2; i++) {
      table[2 * i] = Math.min(table[4 * i] ?? 0, table[4 * i + 2] ?? 0);
      table[2 * i + 1] = Math.max(table[4 * i + 1] ?? 0, table[4 * i + 3] ?? 0);
    }
    this.#length /= 2;
    this.#perPixel *= 2;
  }

  #pairs(): Int8Array {
    const whole = this.#table.subarray(0, 2 * this.#length);
    if (this.#filled === 0) return whole;
    const all = new Int8Array(whole.length + 2);
    all.set(whole);
    all.set([this.#min, this.#max], whole.length);
    return all;
  }

  json(): string {
    const pairs = this.#pairs();
    return JSON.stringify({
      version: 2,
      channels: 1,
      sample_rate: this.#rate,
      samples_per_pixel: this.#perPixel,
      bits: 8,
      length: pairs.length / 2,
      data: Array.from(pairs),
    });
  }

  /** The binary form: little-endian header of 24 bytes, then the pairs. */
  dat(): Uint8Array {
    const pairs = this.#pairs();
    const bytes = new Uint8Array(24 + pairs.length);
    const header = new DataView(bytes.buffer);
    header.setInt32(0, 2, true);
    header.setUint32(4, 1, true);
    header.setInt32(8, this.#rate, true);
    header.setInt32(12, this.#perPixel, true);
    header.setUint32(16, pairs.length / 2, true);
    header.setInt32(20, 1, true);
    bytes.set(new Uint8Array(pairs.buffer, pairs.byteOffset, pairs.length), 24);
    return bytes;
  }
}
