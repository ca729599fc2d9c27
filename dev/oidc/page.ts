import type { Person } from "#dev/people.ts";

const escapes: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (char) => escapes[char] ?? char);

const style = `
:root{color-scheme:dark light;--bg:#0d0d0d;--panel:#151515;--raised:#1e1e1e;--line:#2b2b2b;--edge:#6e6e6e;--text:#ececec;--quiet:#a6a6a6;--accent:#f2a33a;--on:#141005;--bad:#e5645a}
@media (prefers-color-scheme:light){:root{--bg:#fafafa;--panel:#fff;--raised:#f1f1f1;--line:#dedede;--edge:#767676;--text:#161616;--quiet:#565656;--accent:#a85f00;--on:#fff;--bad:#b3362c}}
*{box-sizing:border-box}
body{margin:0;min-height:100dvh;display:grid;place-items:center;padding:16px;background:var(--bg);color:var(--text);font:14px/1.5 "Inter Variable",system-ui,sans-serif}
main{width:100%;max-width:380px;padding:24px;background:var(--panel);border:1px solid var(--line);border-radius:8px}
h1{margin:0 0 4px;font-size:20px;font-weight:600}p{margin:0 0 16px;color:var(--quiet)}
label{display:block;margin:0 0 4px;font-size:13px}
input{width:100%;height:40px;margin:0 0 16px;padding:0 12px;color:inherit;font:inherit;background:var(--bg);border:1px solid var(--edge);border-radius:4px}
button{font:inherit;border-radius:4px;cursor:pointer}
button[type=submit]{width:100%;height:40px;border:0;background:var(--accent);color:var(--on);font-weight:600}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
[role=alert]{padding:8px 12px;color:var(--text);border:1px solid var(--bad);border-radius:4px}
h2{margin:24px 0 8px;padding-top:16px;border-top:1px solid var(--line);font-size:13px;font-weight:600}
ul{margin:0;padding:0;list-style:none}
li button{display:flex;justify-content:space-between;gap:12px;width:100%;min-height:32px;padding:4px 8px;color:inherit;background:none;border:0;text-align:left}
li button:hover{background:var(--raised)}li span{color:var(--quiet)}`;

const script = `
for (const button of document.querySelectorAll("[data-email]"))
  button.addEventListener("click", () => {
    document.getElementById("email").value = button.dataset.email;
    document.getElementById("password").focus();
  });`;

/** A whole page in the colours of the product. `body` is trusted markup. */
const page = (title: string, body: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeHtml(title)}</title><style>${style}</style></head><body><main>${body}</main></body></html>`;

export type LoginPage = { action: string; email: string; fault: string | null; people: readonly Person[] };

export const loginPage = ({ action, email, fault, people }: LoginPage): string =>
  page(
    "Sign in to Rushes",
    `<h1>Sign in to Rushes</h1>
<p>The sign-in of the local stack. <code>make dev</code> prints the passwords.</p>
${fault ? `<p role="alert">${escapeHtml(fault)}</p>` : ""}
<form method="post" action="${escapeHtml(action)}">
<label for="email">Email</label>
<input id="email" name="email" type="email" autocomplete="username" required value="${escapeHtml(email)}"${email ? "" : " autofocus"}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${email ? " autofocus" : ""}>
<button type="submit">Sign in</button>
</form>
<h2>Demo people</h2>
<ul>${people
      .map(
        (person) =>
          `<li><button type="button" data-email="${escapeHtml(person.email)}">${escapeHtml(person.name)}<span>${escapeHtml(person.role ?? "no member")}</span></button></li>`,
      )
      .join("")}</ul>
<script>${script}</script>`,
  );

export const messagePage = (title: string, text: string): string =>
  page(title, `<h1>${escapeHtml(title)}</h1><p>${escapeHtml(text)}</p>`);

/** Signing out asks nothing: the form the provider made is sent at once, with a button for pages without scripts. */
export const logoutPage = (form: string): string =>
  page(
    "Signing out",
    `<h1>Signing out</h1>${form}<button type="submit" form="op.logoutForm" name="logout" value="yes">Sign out</button>
<script>document.querySelector('[name="logout"]').click()</script>`,
  );
