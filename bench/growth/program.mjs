// What accepting one request costs while one thing grows and everything else stays.
import { allow, anyOf, createProver, createVerifier } from "@firsthand/core";
import { createTrustDomain, loadIdentity, toProofRequest } from "@firsthand/testing";
import { interleave } from "../harness/interleave.mjs";
import { data } from "../harness/program.mjs";
import { calleeId, callerId } from "../services/trust.mjs";

const { trust, rounds, batch, growing } = data;
const origin = "https://orders.bench.example";
const [identity, callee] = await Promise.all([trust.caller, trust.callee].map(loadIdentity));
const prover = createProver({ identity, peers: { [origin]: calleeId } });
const own = callee.trustBundle("bench.example");
const other = await (await createTrustDomain("other.example")).bundle();

function sourceWith(domains) {
  const bundles = new Map([["bench.example", own]]);
  for (let at = 1; at < domains; at++) {
    bundles.set(`d${at}.example`, Object.freeze({ ...other, trustDomain: `d${at}.example` }));
  }
  return { trustBundle: (name) => bundles.get(name) };
}

const exact = (count) =>
  Array.from({ length: count - 1 }, (_, at) => `spiffe://bench.example/service/${at}`);
const patterns = (count) =>
  Array.from({ length: count - 1 }, (_, at) => `spiffe://bench.example/service/${at}/*`);
const fields = (count) => Array.from({ length: count }, (_, at) => [`x-field-${at}`, "value"]);
const url = new URL("/v1/orders/42", origin);

async function requestWith({ headers = [], body } = {}) {
  const method = body === undefined ? "GET" : "POST";
  const proof = await prover.prove({ method, url, headers, content: body });
  return toProofRequest({
    method,
    target: url.pathname,
    headers: [...headers, ...proof.headers],
    ...(body && { body }),
  });
}

const cases = {
  "trust domains": (count) => ({ options: { identity: sourceWith(count) } }),
  "rules, exact": (count) => ({ options: { policy: allow(...exact(count), callerId) } }),
  "rules, patterns": (count) => ({ options: { policy: allow(...patterns(count), callerId) } }),
  "policies in a list": (count) => ({
    options: { policy: anyOf(...exact(count).map((id) => allow(id)), allow(callerId)) },
  }),
  headers: (count) => ({ request: { headers: fields(count) } }),
  "body bytes": (count) => ({ request: { body: Buffer.alloc(count, "x") } }),
};

const acts = {};
for (const [name, sizes] of Object.entries(growing)) {
  for (const size of sizes) {
    const { options, request } = cases[name](size);
    const verifier = createVerifier({
      identity: callee,
      origin,
      policy: allow(callerId),
      ...options,
    });
    acts[`${name}, ${size}`] = async () => {
      const requests = [];
      for (let at = 0; at < batch; at++) requests.push(await requestWith(request));
      const before = process.cpuUsage();
      for (const each of requests) await verifier.verify(each);
      const { user, system } = process.cpuUsage(before);
      return (user + system) / batch;
    };
  }
}
const samples = await interleave(acts, { rounds, warmup: Math.ceil(rounds / 3) });
process.stdout.write(JSON.stringify({ node: process.version, samples }));
