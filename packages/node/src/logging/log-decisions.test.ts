import { Writable } from "node:stream";
import { allow, createProver, createVerifier, type Policy } from "@firsthand/core";
import { createTrustDomain, toProofRequest } from "@firsthand/testing";
import { pino } from "pino";
import { expect, it } from "vitest";
import { type DecisionLogger, logDecisions } from "./log-decisions.js";

const checkout = "spiffe://shop.example/checkout";
const origin = "https://orders.internal";
const shop = await createTrustDomain("shop.example");

/** One request, logged. */
async function call(
  logger: DecisionLogger,
  {
    policy = allow(checkout),
    xfcc = "",
  }: { readonly policy?: Policy; readonly xfcc?: string } = {},
): Promise<unknown> {
  const verifier = createVerifier({
    identity: await shop.identity("/orders"),
    origin,
    policy,
    observer: logDecisions(logger),
  });
  const identity = await shop.identity("/checkout");
  const prover = createProver({ identity, peers: { [origin]: "spiffe://shop.example/orders" } });
  const url = new URL(`${origin}/orders?secret=1`);
  const { headers } = await prover.prove({ method: "GET", url, headers: [] });
  const claims = xfcc === "" ? [] : [["X-Forwarded-Client-Cert", xfcc] as const];
  const request = { method: "GET", target: "/orders?secret=1", headers: [...headers, ...claims] };
  return verifier.verify(toProofRequest(request));
}

/** A real pino, and what it wrote. */
function createLog() {
  const lines: Record<string, unknown>[] = [];
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  return { lines, logger: pino(destination) };
}

it("logs what was accepted as info", async () => {
  const { lines, logger } = createLog();
  await call(logger);
  expect(lines).toMatchObject([
    {
      level: 30,
      msg: "accepted: GET /orders",
      decision: "accepted",
      caller: checkout,
      proof: "svid-proof-1",
      binding: "full",
      rule: checkout,
      agreement: "silent",
    },
  ]);
  expect(JSON.stringify(lines)).not.toContain("secret");
});

it("logs what was refused as a warning, with its code", async () => {
  const { lines, logger } = createLog();
  await call(logger, { policy: () => false }).catch(() => undefined);
  expect(lines).toMatchObject([{ level: 40, code: "caller_forbidden", caller: checkout }]);
});

it("warns of a claim that the proof contradicts", async () => {
  const { lines, logger } = createLog();
  await call(logger, { xfcc: "URI=spiffe://shop.example/reports" });
  await call(logger, { xfcc: `URI=${checkout}` });
  expect(lines).toMatchObject([
    { level: 40, decision: "accepted", agreement: "contradicts" },
    { level: 30, decision: "accepted", agreement: "agrees" },
  ]);
});

it("changes no decision when the logger throws", async () => {
  const broken = () => {
    throw new Error("broken pipe");
  };
  await expect(call({ info: broken, warn: broken })).resolves.toBeDefined();
});
