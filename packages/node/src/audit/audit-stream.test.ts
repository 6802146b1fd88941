import { once } from "node:events";
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { allow, createProver, createVerifier } from "@firsthand/core";
import { createAudit } from "@firsthand/core/audit";
import { createTrustDomain, toProofRequest } from "@firsthand/testing";
import { expect, it, onTestFinished } from "vitest";
import { auditStream } from "./audit-stream.js";

const origin = "https://orders.internal";

async function createService(stream: Writable) {
  const shop = await createTrustDomain("shop.example");
  const verifier = createVerifier({
    identity: await shop.identity("/orders"),
    origin,
    policy: allow("spiffe://shop.example/checkout"),
    observer: createAudit({ sink: auditStream(stream), service: "orders" }).observer,
  });
  const prover = createProver({
    identity: await shop.identity("/checkout"),
    peers: { [origin]: "spiffe://shop.example/orders" },
  });
  return async () => {
    const url = new URL(`${origin}/orders?sku=7`);
    const { headers } = await prover.prove({ method: "GET", url, headers: [] });
    return verifier.verify(
      toProofRequest({
        method: "GET",
        target: "/orders?sku=7",
        headers: [...headers, ["X-Forwarded-Client-Cert", "URI=spiffe://shop.example/other"]],
      }),
    );
  };
}

it("writes a line for each decision to a file, before it takes effect", async () => {
  const folder = mkdtempSync(join(tmpdir(), "firsthand-audit-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "audit.jsonl");
  const stream = createWriteStream(file);
  const call = await createService(stream);
  for (let calls = 1; calls <= 3; calls++) {
    await call();
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    expect(lines).toHaveLength(calls);
    expect(JSON.parse(lines.at(-1) as string)).toMatchObject({
      service: "orders",
      request: { method: "GET", path: "/orders" },
      proved: { caller: "spiffe://shop.example/checkout" },
      agreement: "contradicts",
      decision: "accepted",
      policy: { effect: "allow", rule: "spiffe://shop.example/checkout" },
    });
  }
  stream.end();
  await once(stream, "close");
});

it.each([
  ["fails", (stream: Writable) => stream],
  ["has ended", (stream: Writable) => stream.end()],
  ["was destroyed", (stream: Writable) => stream.destroy()],
])("refuses a request while the stream %s", async (_, change) => {
  const failing = new Writable({
    write: (_chunk, _encoding, done) => done(new Error("disk full")),
  });
  failing.on("error", () => undefined);
  change(failing);
  const call = await createService(failing);
  await expect(call()).rejects.toMatchObject({ code: "observer_failed" });
});

it("is held back by a stream that is slow", async () => {
  let finish: (() => void) | undefined;
  const slow = new Writable({
    write(_chunk, _encoding, done) {
      finish = done;
    },
  });
  const call = await createService(slow);
  let isAccepted = false;
  const calling = call().then(() => {
    isAccepted = true;
  });
  while (finish === undefined) await new Promise(setImmediate);
  expect(isAccepted).toBe(false);
  finish();
  await calling;
});
