// Signs and verifies in one process, each way in turn, beside the bare signatures; and tries attacks.
import { generateKeyPairSync, sign, verify } from "node:crypto";
import { interleave } from "../harness/interleave.mjs";
import { data } from "../harness/program.mjs";
import { timed } from "../harness/timed.mjs";
import { refusalsOf } from "./attacks.mjs";
import { received } from "./received.mjs";
import { ways } from "./ways.mjs";

const { rounds, batch } = data;
const origin = "https://orders.bench.example";
const url = new URL("/v1/orders/42", origin);
const headers = [
  ["host", url.host],
  ["accept", "*/*"],
  ["user-agent", "bench"],
];
const request = { method: "GET", url, headers };

async function open(way) {
  const { service, callers } = await way.issue();
  const prove = await way.signerOf(callers.caller, origin);
  return {
    sign: () => prove(request),
    arrive: async () => received(request, await prove(request)),
    verify: await way.verifierOf(service, origin),
  };
}

/** Signs and checks as many bytes as a proof has, roughly. */
function bare({ privateKey, publicKey }, hash) {
  const bytes = Buffer.alloc(600, "x");
  const signature = sign(hash, bytes, privateKey);
  return {
    sign: () => sign(hash, bytes, privateKey),
    arrive: () => undefined,
    verify: () => verify(hash, bytes, publicKey, signature),
  };
}

const opened = Object.entries(ways).map(async ([name, way]) => [name, await open(way)]);
const [first] = Object.keys(ways);
const es256 = bare(generateKeyPairSync("ec", { namedCurve: "P-256" }), "sha256");
const contenders = {
  "bare ES256": es256,
  "bare ES256 again": es256,
  "bare Ed25519": bare(generateKeyPairSync("ed25519"), null),
  ...Object.fromEntries(await Promise.all(opened)),
  [`${first} again`]: await open(ways[first]),
};

function actOf(contender) {
  const signing = timed(contender.sign, batch);
  const verifying = timed(({ requests }, at) => contender.verify(requests[at]), batch);
  return async () => {
    const requests = [];
    for (let at = 0; at < batch; at++) requests.push(await contender.arrive());
    return { sign: await signing(), verify: await verifying({ requests }) };
  };
}

const acts = Object.entries(contenders).map(([name, contender]) => [name, actOf(contender)]);
const samples = await interleave(Object.fromEntries(acts), {
  rounds,
  warmup: Math.ceil(rounds / 4),
});
const refusals = {};
for (const [name, way] of Object.entries(ways)) refusals[name] = await refusalsOf(way);
process.stdout.write(JSON.stringify({ node: process.version, samples, refusals }));
