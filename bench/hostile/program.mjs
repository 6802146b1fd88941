// What it costs one verifier to refuse, beside what it costs to accept.
import { allow, createProver, createVerifier } from "@firsthand/core";
import { loadIdentity } from "@firsthand/testing";
import { interleave } from "../harness/interleave.mjs";
import { data } from "../harness/program.mjs";
import { changes } from "../load/bad-proofs.mjs";
import { calleeId, callerId } from "../services/trust.mjs";

const { trust, rounds, batch } = data;
const origin = "https://orders.bench.example";
const target = "/v1/items/42";
const common = [
  ["host", "orders.bench.example"],
  ["user-agent", "undici"],
  ["accept", "*/*"],
];
const [caller, callee] = await Promise.all([trust.caller, trust.callee].map(loadIdentity));
const stranger = await loadIdentity(trust.stranger);
const verifier = createVerifier({ identity: callee, origin, policy: allow(callerId) });
const proverOf = (identity) => createProver({ identity, peers: { [origin]: calleeId } });
const [prover, strangeProver] = [caller, stranger].map(proverOf);

const flat = (text) => Buffer.from(text, "latin1").toString("latin1");

async function requestWith(change, by = prover) {
  const { headers } = await by.prove({
    method: "GET",
    url: new URL(target, origin),
    headers: common,
  });
  const changed = headers.map(([name, value]) => [name, flat(change(value))]);
  return { method: "GET", target, headers: [...common, ...changed] };
}

const longChain = (proof) => {
  const [header, ...rest] = proof.split(".");
  const fields = JSON.parse(Buffer.from(header, "base64url").toString());
  const x5c = Array.from({ length: 12 }, () => fields.x5c[0]);
  return [Buffer.from(JSON.stringify({ ...fields, x5c })).toString("base64url"), ...rest].join(".");
};

const makers = {
  accept: () => requestWith(changes.none),
  "accept again": () => requestWith(changes.none),
  missing: async () => ({ method: "GET", target, headers: common }),
  "no token": () => requestWith(changes["no token"]),
  "not base64url": () => requestWith(changes["not base64url"]),
  oversize: () => requestWith(changes.oversize),
  "bad signature": () => requestWith(changes["bad signature"]),
  "certificate of nobody": () => requestWith(changes["other chain"]),
  "trust domain unknown": () => requestWith(changes.none, strangeProver),
  "chain of twelve": () => requestWith(longChain),
};
const codes = {};

function timed(name) {
  return async (requests) => {
    const before = process.cpuUsage();
    for (const request of requests[name]) {
      try {
        await verifier.verify(request);
        codes[name] = "accepted";
      } catch (error) {
        codes[name] = error.code;
      }
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / batch;
  };
}

const acts = Object.fromEntries(Object.keys(makers).map((name) => [name, timed(name)]));
acts.replayed = timed("replayed");
const samples = await interleave(acts, {
  rounds,
  warmup: Math.ceil(rounds / 4),
  async before() {
    const requests = {};
    for (const [name, make] of Object.entries(makers)) {
      requests[name] = [];
      for (let at = 0; at < batch; at++) requests[name].push(await make());
    }
    requests.replayed = [];
    for (let at = 0; at < batch; at++) {
      const request = await makers.accept();
      await verifier.verify(request);
      requests.replayed.push(request);
    }
    return requests;
  },
});
process.stdout.write(JSON.stringify({ node: process.version, codes, samples }));
