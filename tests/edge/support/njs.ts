import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "#tests/support/eventually.ts";
import { freePorts, under } from "./edge.ts";

const scripts = join(import.meta.dir, "../../../edge/njs");
const modules = ["/usr/lib/nginx/modules", "/etc/nginx/modules"];

/**
 * Runs the edge's own scripts in nginx's engine: `source` is a module whose default export has `run(input)`, and
 * may import them. Resolves to what `run` answered for `input`.
 */
export async function runInNjs(source: string, input: unknown): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), "rushes-njs-"));
  const [port] = await freePorts(1);
  const module = modules
    .map((path) => join(path, "ngx_http_js_module.so"))
    .find((path) => Bun.spawnSync(["test", "-r", path]).success);
  writeFileSync(
    join(folder, "entry.js"),
    `import subject from "subject.js";
function answer(r) { r.return(200, JSON.stringify(subject.run(JSON.parse(r.requestText)))); }
export default { answer };
`,
  );
  writeFileSync(join(folder, "subject.js"), source);
  writeFileSync(
    join(folder, "nginx.conf"),
    `daemon off; master_process off; pid ${folder}/pid; load_module ${module}; error_log ${folder}/error.log;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  client_max_body_size 1m; client_body_buffer_size 1m;
  js_path ${folder}/; js_path ${scripts}/; js_import entry from entry.js;
  server { listen 127.0.0.1:${port}; location / { js_content entry.answer; } }
}
`,
  );
  const nginx = Bun.spawn(
    [...under, "nginx", "-p", folder, "-e", join(folder, "error.log"), "-c", join(folder, "nginx.conf")],
    {
      env: { PATH: `${process.env.PATH}:/usr/sbin` },
      stderr: "pipe",
    },
  );
  try {
    const answer = await eventually(() =>
      fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: JSON.stringify(input) }),
    );
    if (answer.status !== 200) throw new Error(await Bun.file(join(folder, "error.log")).text());
    return await answer.json();
  } finally {
    nginx.kill("SIGTERM");
    await nginx.exited;
    rmSync(folder, { recursive: true });
  }
}
