import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { createWebPki, document, serve } from "./endpoint-server.test-support.js";

const program = fileURLToPath(new URL("open-endpoint-process.test-support.ts", import.meta.url));

it("keeps a process alive for the first answer, and not for the next", async () => {
  const web = createWebPki();
  const server = await serve(web.tls(), (request, response) => {
    if (request.url === "/bundle") response.writeHead(307, { location: "/copy" }).end();
    else document('{"keys":[]}')(request, response);
  });
  const options = ["--conditions=@firsthand/source", "--import", "tsx"];
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, [...options, program, server.url, web.ca]);
  expect(stdout).toBe("ready");
  expect(server.requests).toHaveLength(2);
});
