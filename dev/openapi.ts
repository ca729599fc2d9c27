import { join } from "node:path";
import openapiTS, { astToString, type OpenAPI3 } from "openapi-typescript";
import { repoRoot } from "#dev/instance.ts";
import { runCommand, say } from "#dev/say.ts";
import { functions } from "#functions/routes.ts";
import { openApi } from "#http/openapi.ts";

/** The committed files that follow from `functions/routes.ts`, by their path in the repository. */
export const openApiFiles = async (): Promise<Record<string, string>> => {
  const document = openApi(functions, "/api");
  const types = await openapiTS(structuredClone(document) as unknown as OpenAPI3);
  return {
    "docs/openapi.json": `${JSON.stringify(document, null, 2)}\n`,
    "site/src/api/schema.d.ts": `// Written by make openapi from functions/routes.ts.\n${astToString(types)}`,
  };
};

const main = async (): Promise<number> => {
  for (const [path, text] of Object.entries(await openApiFiles())) {
    await Bun.write(join(repoRoot, path), text);
    say(`${path} (${text.length} bytes)`);
  }
  return 0;
};

if (import.meta.main) await runCommand(main);
