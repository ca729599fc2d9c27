import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { loginPage, messagePage } from "#dev/oidc/page.ts";
import { type OidcSettings, openProvider, signIn } from "#dev/oidc/provider.ts";
import { people } from "#dev/people.ts";
import { Stop } from "#dev/say.ts";

const needed = (name: string): string => {
  const value = process.env[name];
  if (!value) throw new Stop(`${name} is missing in the environment of the local sign-in`);
  return value;
};

const settings: OidcSettings = {
  issuer: needed("OIDC_ISSUER"),
  keysFile: needed("OIDC_KEYS_FILE"),
  audience: needed("OIDC_AUDIENCE"),
  client: {
    id: needed("OIDC_CLIENT_ID"),
    secret: needed("OIDC_CLIENT_SECRET"),
    callback: `${needed("PUBLIC_API_BASE")}/session/callback`,
    site: needed("PUBLIC_SITE_BASE"),
  },
  scripts: { id: "rushes-scripts", secret: needed("OIDC_SCRIPTS_SECRET") },
  demoSecret: needed("OIDC_DEMO_SECRET"),
};

const MAX_FORM_BYTES = 10_000;

const readForm = async (request: IncomingMessage): Promise<URLSearchParams> => {
  let text = "";
  for await (const chunk of request) {
    text += chunk;
    if (text.length > MAX_FORM_BYTES) throw new Stop("the form is too large");
  }
  return new URLSearchParams(text);
};

const html = (response: ServerResponse, status: number, body: string): void => {
  response.writeHead(status, {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy":
      "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
  });
  response.end(body);
};

const provider = openProvider(settings);
const providerHandler = provider.callback();

const login = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const action = new URL(request.url ?? "/", settings.issuer).pathname;
  // Throws when the sign-in was not started here or is over.
  const { uid, params } = await provider.interactionDetails(request, response);
  if (action !== `/login/${uid}`) throw new Stop("this sign-in belongs to another page");
  const hint = typeof params.login_hint === "string" ? params.login_hint : "";
  if (request.method !== "POST") {
    html(response, 200, loginPage({ action, email: hint, fault: null, people }));
    return;
  }
  const form = await readForm(request);
  const email = form.get("email") ?? "";
  const person = signIn(email, form.get("password") ?? "", settings.demoSecret);
  if (!person) {
    const fault = "The email or the password is wrong.";
    html(response, 401, loginPage({ action, email, fault, people }));
    return;
  }
  await provider.interactionFinished(request, response, { login: { accountId: person.id, remember: true } });
};

const server = createServer((request, response) => {
  const path = (request.url ?? "/").split("?")[0] ?? "/";
  if (path === "/healthz") {
    response.end("ok");
    return;
  }
  if (!path.startsWith("/login/")) {
    providerHandler(request, response);
    return;
  }
  login(request, response).catch(() => {
    html(response, 400, messagePage("This sign-in is over", "Go back to Rushes and sign in again."));
  });
});
server.listen(Number(new URL(settings.issuer).port), "127.0.0.1");

for (const signal of ["SIGTERM", "SIGINT"] as const)
  process.on(signal, () => {
    server.close();
    server.closeAllConnections();
  });
