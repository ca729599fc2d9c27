import type { ApiFunction } from "#functions/route.ts";
import { problems } from "#http/problem.ts";

const escapes: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const text = (raw: string) => raw.replace(/[&<>"']/g, (char) => escapes[char] ?? char);

const style = `:root{color-scheme:light dark}body{margin:0 auto;max-width:60rem;padding:1.5rem 1rem;font:15px/1.55 system-ui,sans-serif}
h1{font-size:1.5rem}h2{margin-top:2.5rem;border-bottom:1px solid color-mix(in srgb,currentColor 20%,transparent)}
code,pre{font:13px/1.5 ui-monospace,monospace}pre{overflow:auto;padding:.75rem;background:color-mix(in srgb,currentColor 7%,transparent);border-radius:4px}
table{width:100%;border-collapse:collapse}td,th{padding:.4rem .5rem;text-align:left;vertical-align:top;border-bottom:1px solid color-mix(in srgb,currentColor 15%,transparent)}
summary{padding:.4rem 0;cursor:pointer}.verb{display:inline-block;min-width:4.2rem;font-weight:600}.quiet{opacity:.7}:target{background:color-mix(in srgb,orange 20%,transparent)}`;

const page = (title: string, body: string) => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${text(title)}</title><style>${style}</style></head><body>${body}</body></html>`;

interface Document {
  paths: Record<string, Record<string, Record<string, unknown>>>;
}

const pretty = (value: unknown) => `<pre>${text(JSON.stringify(value, null, 2))}</pre>`;

/** The reference: every route with its parameters, body, answers and refusals, on one page without scripts. */
export function docsPage(functions: readonly ApiFunction[], document: Document, base: string): string {
  const sections = functions.map(({ name, routes }) => {
    const rows = routes.map((route) => {
      const operation =
        document.paths[route.path.replace(/:(\w+)/g, "{$1}")]?.[route.method.toLowerCase()] ?? {};
      const parts = [
        operation.parameters ? `<p>Parameters</p>${pretty(operation.parameters)}` : "",
        operation.requestBody ? `<p>Body</p>${pretty(operation.requestBody)}` : "",
        `<p>Answers</p>${pretty(operation.responses)}`,
        route.refusals?.length
          ? `<p>May refuse with ${route.refusals.map((code) => `<a href="docs/problems#${code}">${code}</a>`).join(", ")}</p>`
          : "",
      ];
      return `<details><summary><span class="verb">${route.method}</span><code>${text(route.path)}</code>
        <span class="quiet">${text(route.summary)}</span></summary>${parts.join("")}</details>`;
    });
    return `<h2 id="${text(name)}">${text(name)}</h2>${rows.join("")}`;
  });
  return page(
    "Rushes API",
    `<h1>Rushes API</h1><p>Base <code>${text(base)}</code>. JSON in camelCase, times in ISO 8601 UTC.
    The same as data: <a href="openapi.json">openapi.json</a>. Errors are
    <a href="docs/problems">problem+json</a>.</p>${sections.join("")}`,
  );
}

/** What every problem type means; the `type` of an answer links to its row. */
export function problemsPage(): string {
  const rows = Object.entries(problems).map(
    ([code, { status, title, cure }]) =>
      `<tr id="${code}"><td><code>${code}</code></td><td>${status}</td><td>${text(title)}</td><td>${text(cure)}</td></tr>`,
  );
  return page(
    "Rushes problems",
    `<h1>Problems</h1><p>Every error is <code>application/problem+json</code> (RFC 9457). <code>instance</code>
    is the request id: quote it when you ask for help.</p>
    <table><thead><tr><th>Code</th><th>Status</th><th>Meaning</th><th>Cure</th></tr></thead><tbody>${rows.join("")}
    <tr id="internal"><td><code>internal</code></td><td>500</td><td>Something broke on our side</td>
    <td>Try again; if it stays, tell us the request id.</td></tr></tbody></table>`,
  );
}
