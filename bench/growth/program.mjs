// What accepting one request costs while one thing grows and everything else stays.
import {
  allow,
  anyOf,
  createProver,
  createRuleSet,
  createVerifier,
  staticSource,
} from "@firsthand/core";
import { createTrustDomain, loadIdentity, toProofRequest } from "@firsthand/testing";
import { interleave } from "../harness/interleave.mjs";
import { data } from "../harness/program.mjs";
import { calleeId, callerId } from "../services/trust.mjs";

const { trust, rounds, batch, growing } = data;
const origin = "https://orders.bench.example";
const url = new URL("/v1/orders/42", origin);
const [usual, callee] = await Promise.all([trust.caller, trust.callee].map(loadIdentity));
const own = callee.trustBundle("bench.example");
const other = await (await createTrustDomain("other.example")).bundle();
const sample = Math.max(...growing["body bytes"]);
const content = Buffer.alloc(sample, "x");

function trustDomains(count) {
  const others = Array.from({ length: count - 1 }, (_, at) =>
    Object.freeze({ ...other, trustDomain: `d${at}.example` }),
  );
  return { options: { identity: staticSource({ bundles: [own, ...others] }) } };
}

/** The caller was issued to before the other authorities of its trust domain came. */
async function authorities(count) {
  const domain = await createTrustDomain("bench.example");
  const caller = await domain.identity("/checkout");
  for (let at = 1; at < count; at++) await domain.rotateAuthorities();
  return { caller, bundle: await domain.bundle() };
}

async function ofKnownCaller(count) {
  const { caller, bundle } = await authorities(count);
  return { caller, options: { identity: staticSource({ bundles: [bundle] }) } };
}

/** Hands out a new bundle each time, so that no verdict on a credential is found again. */
async function ofNewCaller(count) {
  const { caller, bundle } = await authorities(count);
  return { caller, options: { identity: { trustBundle: () => Object.freeze({ ...bundle }) } } };
}

const exact = (count) =>
  Array.from({ length: count - 1 }, (_, at) => `spiffe://bench.example/service/${at}`);
const patterns = (count) => exact(count).map((id) => `${id}/*`);
const callerPattern = callerId.replace(/[^/]*$/, "*");

/** As a service with many callers has them; the last one is about the caller. */
function ruleSet(count) {
  const rules = [...exact(count), callerId].map((id, at) => ({
    name: `rule ${at}`,
    effect: "allow",
    callers: [id],
    methods: ["GET", "POST"],
    paths: [`/v1/${id === callerId ? "orders" : `things${at}`}/*`],
  }));
  return createRuleSet({ rules }).decide;
}

const cases = {
  "trust domains": trustDomains,
  "authorities of a bundle, known caller": ofKnownCaller,
  "authorities of a bundle, new caller": ofNewCaller,
  "rules of a rule set": (count) => ({ options: { policy: ruleSet(count) } }),
  "IDs that are allowed": (count) => ({ options: { policy: allow(...exact(count), callerId) } }),
  "patterns that are allowed": (count) => ({
    options: { policy: allow(...patterns(count), callerPattern) },
  }),
  "policies in a list": (count) => ({
    options: { policy: anyOf(...exact(count).map((id) => allow(id)), allow(callerId)) },
  }),
  "header fields": (count) => ({
    request: { headers: Array.from({ length: count }, (_, at) => [`x-field-${at}`, "value"]) },
  }),
  "body bytes": (count) => ({ request: { body: content.subarray(0, count) } }),
};

/** Accepts a batch of requests, each proved for it. */
async function actOf({ caller = usual, options = {}, request: { headers = [], body } = {} }) {
  const prover = createProver({ identity: caller, peers: { [origin]: calleeId } });
  const verifier = createVerifier({
    identity: callee,
    origin,
    policy: allow(callerId),
    contentLimitBytes: sample,
    ...options,
  });
  const method = body === undefined ? "GET" : "POST";

  async function requestOf() {
    const proof = await prover.prove({ method, url, headers, content: body });
    const all = [...headers, ...proof.headers];
    return toProofRequest({ method, target: url.pathname, headers: all, body });
  }

  return async () => {
    const requests = [];
    for (let at = 0; at < batch; at++) requests.push(await requestOf());
    const before = process.cpuUsage();
    for (const each of requests) await verifier.verify(each);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / batch;
  };
}

const keyOf = (name, size) => `${name}, ${size}`;
const acts = { again: await actOf({}), "and again": await actOf({}) };
for (const [name, sizes] of Object.entries(growing)) {
  for (const size of sizes) acts[keyOf(name, size)] = await actOf(await cases[name](size));
}
const samples = await interleave(acts, { rounds, warmup: Math.ceil(rounds / 3) });
const grown = Object.entries(growing).map(([name, sizes]) => [
  name,
  sizes.map((size) => ({ size, samples: samples[keyOf(name, size)] })),
]);
const controls = [samples.again, samples["and again"]];
process.stdout.write(JSON.stringify({ node: process.version, grown, controls }));
