import { expect, test } from "bun:test";
import { PutError } from "./put.ts";

test("a storage that has no room is told from one whose signature expired", () => {
  const said = "<Error><Code>QuotaExceeded</Code><Message></Message></Error>";
  expect(new PutError(403, said)).toMatchObject({ status: 507, message: expect.stringContaining("is full") });
  expect(new PutError(507)).toMatchObject({ status: 507, message: expect.stringContaining("is full") });
  expect(new PutError(403, "<Error><Code>AccessDenied</Code></Error>").status).toBe(403);
  expect(new PutError(0).message).toContain("connection");
});
