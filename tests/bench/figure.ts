/** One measured figure against its target; a row of `.rushes/bench.json`. */
export type Figure = {
  /** `group.what_unit`, for example `dev.repeat_s` */
  id: string;
  value: number;
  unit: string;
  target: number;
  better: "lower" | "higher";
};

/**
 * A file `tests/bench/<group>.ts` exports one of these as `group`. With `servers` the test instance's servers
 * run; with `product` the whole product runs on them and RUSHES_ACCESS names the file that tells how to reach it.
 */
export type BenchGroup = {
  needs: "nothing" | "servers" | "product";
  /** Measures; `say` prints progress lines. Throws when something could not be measured. */
  measure(say: (line: string) => void): Promise<Figure[]>;
};
