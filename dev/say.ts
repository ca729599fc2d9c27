const startedAt = performance.now();

/** Prints one progress line with the seconds since this process began. */
export const say = (line: string): void => {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1).padStart(6);
  process.stdout.write(`${seconds}s  ${line}\n`);
};

/** Begins a part of a longer output. */
export const title = (text: string): void => {
  process.stdout.write(`\n=== ${text} ===\n`);
};

/** Runs one step and says what it took. The step's own failure passes through. */
export const step = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
  const began = performance.now();
  const result = await work();
  say(`${name} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
  return result;
};

/** A failure whose message is meant for the person at the keyboard; no stack is shown for it. */
export class Stop extends Error {
  override name = "Stop";
}

/** The outermost place of a dev command: its work, then an exit code. */
export const runCommand = async (work: () => Promise<number>): Promise<never> => {
  try {
    process.exit(await work());
  } catch (error) {
    process.stderr.write(`${error instanceof Stop ? error.message : Bun.inspect(error)}\n`);
    process.exit(1);
  }
};
