import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Attack,
  describeFailures,
  putAttackTargets,
  readAttacks,
  runAttacks,
} from "./support/attack.ts";
import { type Edge, startEdge } from "./support/edge.ts";
import { type Origin, startOrigin } from "./support/origin.ts";

setDefaultTimeout(30_000);

const home = join(import.meta.dir, "../../edge");
/** Ours, and any further lists in the same format: EDGE_ATTACKS=one.txt,two.txt */
const lists = [
  join(import.meta.dir, "attacks.txt"),
  ...(process.env.EDGE_ATTACKS ?? "").split(",").filter((path) => path !== ""),
];

let origin: Origin;
let attacks: Attack[];
beforeAll(async () => {
  origin = await startOrigin();
  attacks = lists.flatMap(readAttacks);
  await putAttackTargets();
});
afterAll(() => origin.close());

describe("attacks over a raw socket", () => {
  let edge: Edge;
  beforeAll(async () => {
    edge = await startEdge({ WASABI_ENDPOINT: origin.endpoint });
  });
  afterAll(() => edge.end());

  for (const [at, list] of lists.entries())
    test(`every line of list ${at + 1} holds`, async () => {
      expect(describeFailures(await runAttacks(edge.port, readAttacks(list)))).toEqual([]);
    });

  test("only permitted paths reached the storage, without queries or a viewer's headers", () => {
    expect(origin.fetches.length).toBeGreaterThan(3);
    for (const fetched of origin.fetches) {
      expect(fetched.method).toBe("GET");
      expect(fetched.target).toMatch(/^\/[a-z0-9-]+\/assets\/(?:0|a1|b2)\/[a-z0-9/-]+(?:\.[a-z0-9]+)?$/);
      expect(fetched.headers.authorization).not.toContain("evil");
      expect(fetched.headers["x-amz-date"]).not.toStartWith("1970");
      expect(Object.keys(fetched.headers).sort()).toEqual(
        [
          "authorization",
          "host",
          "x-amz-content-sha256",
          "x-amz-date",
          ...(fetched.headers.range ? ["range"] : []),
        ].sort(),
      );
    }
  });
});

describe("the list bites: lines fail on an edge", () => {
  const mutants: { name: string; file: string; from: string | RegExp; to: string }[] = [
    {
      name: "without the comparison of raw and normalised path",
      file: "templates/gate.conf",
      from: "if ($request_uri != $uri) {\n  return 400;\n}",
      to: "",
    },
    {
      name: 'whose gate asks "= 0"',
      file: "templates/gate.conf",
      from: "if ($edge_ok != 1)",
      to: "if ($edge_gate = 0)",
    },
    {
      name: "whose signature covers no closing slash",
      file: "njs/gate.js",
      from: "edge_version}/`",
      to: "edge_version}`",
    },
    {
      name: "whose keys are looked up in an object",
      file: "njs/token.js",
      from: 'const secret = secretOf(keys, kid);\n  if (secret.length < 32) return "forged";',
      to: "const all = {};\n  keys.forEach((key) => { all[key.split(':')[0]] = key.split(':')[1]; });\n  const secret = String(all[kid]);",
    },
    {
      name: "that compares signatures by their bytes",
      file: "njs/token.js",
      from: 'if (!sameMac(mac, wanted)) return "forged";',
      to: 'if (Buffer.from(mac, "base64url").toString("hex") !== Buffer.from(wanted, "base64url").toString("hex")) return "forged";',
    },
    {
      name: "that accepts any end",
      file: "njs/token.js",
      from: 'if (!(until <= nowSeconds + maxTtlSeconds)) return "far";',
      to: "",
    },
  ];
  for (const mutant of mutants)
    test(mutant.name, async () => {
      const folder = mkdtempSync(join(tmpdir(), "rushes-edge-mutant-"));
      cpSync(home, folder, { recursive: true });
      const path = join(folder, mutant.file);
      const before = readFileSync(path, "utf8");
      const after = before.replace(mutant.from, mutant.to);
      expect(after).not.toBe(before);
      writeFileSync(path, after);
      const edge = await startEdge({ WASABI_ENDPOINT: origin.endpoint, EDGE_WORKERS: "1" }, { home: folder });
      try {
        expect(describeFailures(await runAttacks(edge.port, attacks))).not.toEqual([]);
      } finally {
        await edge.end();
        rmSync(folder, { recursive: true });
      }
    });

  test("and a gate whose script throws stays shut", async () => {
    const folder = mkdtempSync(join(tmpdir(), "rushes-edge-mutant-"));
    cpSync(home, folder, { recursive: true });
    const path = join(folder, "njs/gate.js");
    writeFileSync(
      path,
      readFileSync(path, "utf8").replace("const v = r.variables;", "const v = r.nothing.at.all;"),
    );
    const edge = await startEdge({ WASABI_ENDPOINT: origin.endpoint, EDGE_WORKERS: "1" }, { home: folder });
    try {
      const answered = (await runAttacks(edge.port, attacks)).map((one) => one.status);
      expect(answered.filter((status) => status === 200 || status === 206)).toEqual([]);
    } finally {
      await edge.end();
      rmSync(folder, { recursive: true });
    }
  });
});
