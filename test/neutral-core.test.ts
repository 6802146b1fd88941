import { execFile } from "node:child_process";
import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createTrustDomain } from "@firsthand/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { WebMaterial } from "./support/web-application.js";

const run = promisify(execFile);
const root = fileURLToPath(new URL("..", import.meta.url));
const coreSource = join(root, "packages/core");
const tsup = join(root, "node_modules/tsup/dist/cli-default.js");

const builtins = builtinModules.filter((name) => !name.startsWith("_")).join("|");
const nodeImport = new RegExp(
  `(?:from|import|require)\\s*\\(?\\s*["'](?:node:|(?:${builtins})["'/])`,
);
const nodeGlobal = /\b(?:Buffer|setImmediate|__dirname|__filename)\b|\bprocess\s*[.[]/;
const nodeGlobals = ["process", "Buffer", "global", "setImmediate", "clearImmediate", "require"];

/** The built core, as an application finds it; `dist` is built afresh, the work tree is not touched. */
async function installCore(scratch: string): Promise<string> {
  const core = join(scratch, "core");
  await mkdir(core);
  await cp(join(coreSource, "package.json"), join(core, "package.json"));
  await symlink(join(coreSource, "node_modules"), join(core, "node_modules"));
  await run(process.execPath, [tsup, "--silent", "--out-dir", join(core, "dist")], {
    cwd: coreSource,
  });
  return core;
}

/** An application of the built core in one script, as a bundler makes it for browsers and workers. */
async function bundleApplication(scratch: string, core: string): Promise<string> {
  const application = join(scratch, "application");
  await mkdir(join(application, "node_modules/@firsthand"), { recursive: true });
  await symlink(core, join(application, "node_modules/@firsthand/core"));
  await writeFile(join(application, "package.json"), "{}");
  await cp(join(root, "test/support/web-application.ts"), join(application, "main.ts"));
  const options = ["--no-config", "--format", "iife", "--global-name", "application"];
  await run(process.execPath, [tsup, "main.ts", ...options, "--platform", "browser", "--silent"], {
    cwd: application,
  });
  return join(application, "dist/main.global.js");
}

/** Runs the application where everything that Node adds to the web platform is gone. */
async function runInWebRealm(script: string, material: WebMaterial): Promise<unknown> {
  const realm = `
    const script = require("node:fs").readFileSync(${JSON.stringify(script)}, "utf8");
    for (const name of ${JSON.stringify(nodeGlobals)}) delete globalThis[name];
    (0, eval)(script + ";globalThis.application = application;");
    application.proveAndVerify(${JSON.stringify(material)})
      .then((outcome) => console.log(JSON.stringify(outcome)));
  `;
  const { stdout } = await run(process.execPath, ["-e", `(() => {${realm}})()`]);
  return JSON.parse(stdout);
}

async function createMaterial(): Promise<WebMaterial> {
  const domain = await createTrustDomain("shop.example");
  const { chain, privateKey } = await domain.issueX509Svid("/orders");
  const base64 = (der: Uint8Array) => Buffer.from(der).toString("base64");
  return {
    trustDomain: domain.name,
    bundle: domain.bundleDocument(),
    workload: "spiffe://shop.example/orders",
    chain: chain.map(base64),
    privateKey: base64(privateKey),
  };
}

describe("the built core", () => {
  let scratch: string;
  let core: string;

  beforeAll(async () => {
    scratch = await realpath(await mkdtemp(join(tmpdir(), "firsthand-core-")));
    core = await installCore(scratch);
  });

  afterAll(() => rm(scratch, { recursive: true }));

  it("mentions Node in runtime/node.js only", async () => {
    const files = await readdir(join(core, "dist"), { recursive: true });
    const scripts = files.filter((file) => file.endsWith(".js"));
    const dependent = [];
    for (const file of scripts) {
      const text = await readFile(join(core, "dist", file), "utf8");
      if (nodeImport.test(text) || nodeGlobal.test(text)) dependent.push(file);
    }
    expect(scripts).toContain("index.js");
    expect(dependent).toEqual([join("runtime", "node.js")]);
  });

  it("proves and verifies on the web platform alone", async () => {
    const script = await bundleApplication(scratch, core);
    const outcome = await runInWebRealm(script, await createMaterial());
    expect(outcome).toEqual({
      caller: "spiffe://shop.example/orders",
      replay: "proof_replayed",
      signer: "spiffe://shop.example/orders",
    });
  });
});
