/** Calls the cloud entry of a trigger as its runtime does, in a process of its own, and prints what it answers. */
import { z } from "zod";

const [module = "", event = "", leftMs = ""] = process.argv.slice(2);
const { handler } = z
  .object({ handler: z.function({ input: [z.unknown(), z.unknown()], output: z.promise(z.unknown()) }) })
  .parse(await import(`#triggers/${module}/lambda.ts`));
const until = performance.now() + Number(leftMs);
const context = { getRemainingTimeInMillis: () => until - performance.now() };
console.log(JSON.stringify((await handler(JSON.parse(event), context)) ?? null));
process.exit();
