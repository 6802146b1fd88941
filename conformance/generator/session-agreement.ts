import {
  createCipheriv,
  createHash,
  createHmac,
  createPublicKey,
  diffieHellman,
  hkdfSync,
} from "node:crypto";
import { calleeId, callerId, origin, T } from "../support/scene.js";
import { bindingClaims, goodRequest, hash, sentRequest, svidProof } from "./case-spec.js";
import { callerLeaf } from "./cases-of-certificates.js";
import { type FixedKey, fixedKey } from "./fixed-key.js";
import { encode, signToken } from "./token.js";
import { domain, type FixedTrustDomain } from "./trust-domains.js";

// Written from the specification map and with node:crypto alone: nothing of core computes here.

const protocol = "firsthand svid-session-1";

/** The key that replicas share. */
export const ticketKey = createHash("sha256").update("firsthand conformance ticket key").digest();
export const otherTicketKey = createHash("sha256").update("another ticket key").digest();

export function joined(texts: readonly (string | number | undefined)[]): string {
  return texts
    .map((text) => (text === undefined ? "-" : `${String(text).length}:${text}`))
    .join("");
}

export function macOf(key: Uint8Array, text: string): string {
  return createHmac("sha256", key).update(text).digest("base64url");
}

function expand(secret: Uint8Array, purpose: string, context: Uint8Array): Buffer {
  const info = Buffer.concat([Buffer.from(joined([protocol, purpose])), context]);
  return Buffer.from(hkdfSync("sha256", secret, protocol, info, 32));
}

function pointOf({ publicJwk }: FixedKey): string {
  const [x, y] = [publicJwk.x, publicJwk.y].map((part) => Buffer.from(String(part), "base64url"));
  return encode(Buffer.concat([Buffer.of(4), x as Buffer, y as Buffer]));
}

const caller = fixedKey("ephemeral key of the caller");
const verifier = fixedKey("ephemeral key of the verifier");
const x5c = [callerLeaf, domain.intermediate].map(({ der }) => Buffer.from(der).toString("base64"));

/** The proof that opens the session of the vectors. */
export const openingProof = signToken(
  { typ: "svid-proof+jwt", alg: callerLeaf.key.algorithm, x5c },
  {
    sub: callerId,
    ...bindingClaims(goodRequest, svidProof, "opening"),
    "urn:firsthand:epk": pointOf(caller),
  },
  callerLeaf.key,
);

export const sessionId = hash("session of the vectors").slice(0, 22);
const agreed = diffieHellman({ privateKey: caller.privateKey, publicKey: publicKeyOf(verifier) });

const transcript = {
  proof: openingProof,
  caller: callerId,
  thumbprint: hash(callerLeaf.der),
  origin,
  verifier: calleeId,
  sessionId,
  callerKey: pointOf(caller),
  verifierKey: pointOf(verifier),
};

const transcriptText = joined([
  protocol,
  transcript.caller,
  transcript.thumbprint,
  transcript.origin,
  transcript.verifier,
  transcript.sessionId,
  transcript.callerKey,
  transcript.verifierKey,
  undefined,
  transcript.proof,
]);
const transcriptHash = createHash("sha256").update(transcriptText).digest();

/** What authenticates the requests of the session. */
export const requestKey = expand(agreed, "request", transcriptHash);
const confirmationKey = expand(agreed, "confirmation", transcriptHash);
const lifetimeSeconds = 600;
const confirmation = macOf(confirmationKey, joined(["svid-session-1", lifetimeSeconds, undefined]));

/** Every step from two ephemeral keys to the answer. Bytes are base64url. */
export const agreementVector = {
  opening: sentRequest(goodRequest, [["SVID-Proof", openingProof]]),
  callerPrivateKey: caller.privateJwk,
  verifierPrivateKey: verifier.privateJwk,
  agreed: encode(agreed),
  transcript,
  transcriptText,
  transcriptHash: encode(transcriptHash),
  requestKey: encode(requestKey),
  confirmationKey: encode(confirmationKey),
  confirmation,
  unsignedPartOfAnswer: `"${sessionId}";k="${transcript.verifierKey}";e=${lifetimeSeconds};c="${confirmation}"`,
};

/** The content of a ticket of the session, opened at second T. */
export function ticketContent(): Readonly<Record<string, unknown>> {
  return {
    id: sessionId,
    key: encode(requestKey),
    origin,
    bundle: fingerprintOf(domain),
    openedAt: T,
    caller: callerId,
    credential: {
      kind: "x509-svid",
      thumbprint: hash(callerLeaf.der),
      notBefore: T - 10,
      expiresAt: T + 3600,
    },
    proof: {
      format: "svid-proof-1",
      idHash: hash(hash("jti of opening").slice(0, 22)),
      issuedAt: T,
      expiresAt: T + 60,
    },
  };
}

/** Seals a ticket with a salt that follows from its content. */
export function sealedTicket(content: object, key: Uint8Array = ticketKey): string {
  const plaintext = JSON.stringify(content);
  const salt = createHash("sha256").update(plaintext).digest().subarray(0, 16);
  const cipher = createCipheriv("aes-256-gcm", expand(key, "ticket", salt), Buffer.alloc(12));
  const sealed = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  const name = expand(key, "ticket key name", Buffer.alloc(0)).subarray(0, 6);
  return encode(name) + encode(Buffer.concat([salt, sealed]));
}

/** What a verifier with the bundle of a trust domain calls its authorities. */
export function fingerprintOf({ name, root, witKey, witKeyId }: FixedTrustDomain): string {
  const { kty, crv, x, y } = witKey.publicJwk;
  const ofKey = hash(JSON.stringify([witKeyId, undefined, kty, crv, x, y, undefined, undefined]));
  return hash(JSON.stringify([name, ...[hash(root.der), ofKey].sort()]));
}

function publicKeyOf({ publicJwk }: FixedKey) {
  return createPublicKey({ key: publicJwk, format: "jwk" });
}
