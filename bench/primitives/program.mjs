// Proves and verifies in one process, beside the bare operations that each of them cannot do without.
import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { allow, createProver, createVerifier, exportPrivateKey } from "@firsthand/core";
import { loadIdentity } from "@firsthand/testing";
import { calculateJwkThumbprint, jwtVerify, SignJWT } from "jose";
import { interleave } from "../harness/interleave.mjs";
import { data } from "../harness/program.mjs";
import { timed } from "../harness/timed.mjs";
import { calleeId, callerId } from "../services/trust.mjs";

const { trust, proof, rounds, batch } = data;
const origin = "https://orders.bench.example";
const target = "/v1/items/42";
const url = new URL(target, origin);
const headers = [
  ["host", url.host],
  ["user-agent", "undici"],
  ["accept", "*/*"],
  ["connection", "keep-alive"],
  ["traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
];

const identity = await loadIdentity(trust.caller);
const callee = await loadIdentity(trust.callee);
const [credential] = identity.credentials();
const privateKey = createPrivateKey({
  key: exportPrivateKey(credential),
  format: "der",
  type: "pkcs8",
});
const publicKey = createPublicKey(privateKey);
const signatures = ["http-signature-07", "svid-signature-1"];
const peer = proof === "token" ? calleeId : { id: calleeId, accept: signatures };
const prover = createProver({ identity, peers: { [origin]: peer } });
const verifierOf = (source) =>
  createVerifier({ identity: source, origin, policy: allow(callerId) });
const verifier = verifierOf(callee);

/** Hands out a new bundle each time, so that no verdict on a credential is found again. */
const forgetful = verifierOf({
  trustBundle: (name) => {
    const bundle = callee.trustBundle(name);
    return bundle && Object.freeze({ ...bundle });
  },
});

/** As headers arrive from the wire: flat strings of their own. */
function received(proof) {
  const all = [...headers, ...proof.headers];
  const flat = all.map(([name, value]) => [name, Buffer.from(value, "latin1").toString("latin1")]);
  return { method: "GET", target, headers: flat };
}

async function signedOfToken() {
  const token = (await prove()).headers.at(-1)[1].replace(/^WPT /, "");
  return Buffer.from(token.slice(0, token.lastIndexOf(".")));
}

const prove = () => prover.prove({ method: "GET", url, headers });
const signedBytes = proof === "token" ? await signedOfToken() : Buffer.alloc(600, "x"); // about a signature base
const signature = sign("sha256", signedBytes, privateKey);
const subtleAlgorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const jwk = (key) => key.export({ format: "jwk" });
const { subtle } = globalThis.crypto;
const subtlePrivate = await subtle.importKey("jwk", jwk(privateKey), subtleAlgorithm, false, [
  "sign",
]);
const subtlePublic = await subtle.importKey("jwk", jwk(publicKey), subtleAlgorithm, false, [
  "verify",
]);
const subtleSignature = await subtle.sign(subtleAlgorithm, subtlePrivate, signedBytes);
const thumbprint = await calculateJwkThumbprint(jwk(publicKey));

const joseToken = () =>
  new SignJWT({ sub: callerId, htm: "GET" })
    .setProtectedHeader({ alg: "ES256", typ: "svid-proof+jwt", kid: thumbprint })
    .setAudience(url.href)
    .setIssuedAt()
    .setExpirationTime("60s")
    .setJti(crypto.randomUUID())
    .sign(subtlePrivate);
const joseVerify = (text) =>
  jwtVerify(text, subtlePublic, {
    audience: url.href,
    typ: "svid-proof+jwt",
    algorithms: ["ES256"],
  });

/** Each act does one batch of `batch` operations on what was made for the round. */
const acts = {
  "raw sign": () => sign("sha256", signedBytes, privateKey),
  "raw sign again": () => sign("sha256", signedBytes, privateKey),
  prove,
  "jose sign": joseToken,
  "WebCrypto sign": () => subtle.sign(subtleAlgorithm, subtlePrivate, signedBytes),
  "raw verify": () => verify("sha256", signedBytes, publicKey, signature),
  "raw verify again": () => verify("sha256", signedBytes, publicKey, signature),
  "verify, known credential": ({ requests }, at) => verifier.verify(requests[at]),
  "verify, new credential": ({ requests }, at) => forgetful.verify(requests[at]),
  "jose verify": ({ texts }, at) => joseVerify(texts[at]),
  "WebCrypto verify": () =>
    subtle.verify(subtleAlgorithm, subtlePublic, subtleSignature, signedBytes),
};

async function makeRound() {
  const requests = [];
  const texts = [];
  for (let at = 0; at < batch; at++) {
    requests.push(received(await prove()));
    texts.push(await joseToken());
  }
  return { requests, texts };
}

const timedActs = Object.fromEntries(
  Object.entries(acts).map(([name, act]) => [name, timed(act, batch)]),
);
const samples = await interleave(timedActs, {
  rounds,
  warmup: Math.ceil(rounds / 4),
  before: makeRound,
});
process.stdout.write(
  JSON.stringify({ node: process.version, signedBytes: signedBytes.length, samples }),
);
