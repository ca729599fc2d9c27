import { expect, test } from "bun:test";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Chooses ports as a clone of its own would, and keeps running for a while. */
const clone = (folder: string, name: string) => {
  const script = `import { choosePorts } from "#dev/ports.ts";
    console.log(JSON.stringify(await choosePorts("${join(folder, name)}.json", 41000, true, () => false)));
    await Bun.sleep(20_000);`;
  const child = Bun.spawn([process.execPath, "-e", script], {
    cwd: join(import.meta.dir, ".."),
    env: { ...process.env, TMPDIR: folder },
  });
  const ports = async (): Promise<number[]> => {
    let said = "";
    for await (const chunk of child.stdout) {
      said += new TextDecoder().decode(chunk);
      const json = /^\{.*\}$/m.exec(said)?.[0]; // it may first say that it waits for another
      if (json) return Object.values(JSON.parse(json));
    }
    throw new Error("it chose nothing");
  };
  return { ports: ports(), end: () => child.kill() };
};

test("clones that start at the same time choose different ports, before anyone listens", async () => {
  const folder = mkdtempSync(join(tmpdir(), "rushes-ports-test-"));
  const clones = ["one", "two", "three"].map((name) => clone(folder, name));
  try {
    const all = (await Promise.all(clones.map(({ ports }) => ports))).flat();
    expect(new Set(all).size).toBe(all.length);
  } finally {
    for (const { end } of clones) end();
  }
});

test("what an ended clone had chosen is free again", async () => {
  const folder = mkdtempSync(join(tmpdir(), "rushes-ports-test-"));
  const first = clone(folder, "one");
  const chosen = await first.ports;
  first.end();
  await Bun.sleep(200);
  const second = clone(folder, "two");
  expect(await second.ports).toEqual(chosen);
  second.end();
});
