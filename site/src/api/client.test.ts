import { expect, test } from "bun:test";
import { attachedName } from "./client.ts";

test("a file is saved under the name the server gave it, in any script", () => {
  const both = `attachment; filename="__ (1).pdf"; filename*=UTF-8''%E5%BA%83%E5%91%8A%20%281%29.pdf`;
  expect(attachedName(both)).toBe("広告 (1).pdf");
  expect(attachedName('attachment; filename="plain.txt"')).toBe("plain.txt");
  expect(attachedName("attachment")).toBeUndefined();
});
