import { expect, test } from "bun:test";
import { safeReturn } from "./sign-in.ts";

const site = "https://rushes.example";

test("a path of the site is kept with its query and fragment", () => {
  for (const path of ["/", "/p/prj_1?folder=fld_2", "/a/ast_1?v=ver_1&f=37#c", "/ö"])
    expect(new URL(safeReturn(site, path), site).href).toBe(new URL(path, site).href);
});

test("nothing leads to another host", () => {
  for (const path of [
    undefined,
    "",
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "/\t/evil.example",
    "\\\\evil.example",
    "javascript:alert(1)",
    "/a\r\nSet-Cookie: x=1",
    "evil.example",
  ])
    expect(safeReturn(site, path)).toBe("/");
});
