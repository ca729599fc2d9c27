import { expect, test } from "bun:test";
import { statuses, versionStates } from "./asset.ts";
import { coveredBy, statusOf } from "./status.ts";

test("every state and verdict has one status, and its filter finds it under that one only", () => {
  for (const state of versionStates)
    for (const verdict of ["none", "approved", "changes-requested"] as const) {
      const found = statuses.filter((status) => {
        const { states, verdicts } = coveredBy(status);
        return states.includes(state) && verdicts.includes(verdict);
      });
      expect(found).toEqual([statusOf(state, verdict)]);
    }
});
