import { generateProof } from "dpop";
import { auth, claimEquals } from "express-oauth2-jwt-bearer";
import { calculateJwkThumbprint, importJWK, SignJWT } from "jose";
import { calleeId, callerId } from "../services/trust.mjs";
import { newKeys } from "./keys.mjs";
import { maxAgeSeconds } from "./limits.mjs";

const issuer = "https://issuer.bench.example/";

/**
 * DPoP (RFC 9449): `express-oauth2-jwt-bearer` of Auth0, which takes nothing but DPoP here, and for the
 * caller the package `dpop`. The access token is bound to the caller's key and used again, as clients
 * do; the key of its issuer is there from the start, so nothing is fetched.
 */
export const dpop = {
  async issue() {
    const [trusted, unknown] = [newKeys(), newKeys()];
    const held = async (issuedBy, subject, audience) => {
      const keys = newKeys();
      return {
        keys,
        token: await accessToken(issuedBy, { subject, audience, jwk: keys.publicKey }),
      };
    };
    return {
      service: { issuerKey: trusted.publicKey },
      callers: {
        caller: await held(trusted, callerId, calleeId),
        elsewhere: await held(trusted, callerId, "spiffe://bench.example/payments"),
        stranger: await held(trusted, "spiffe://bench.example/stranger", calleeId),
        impostor: await held(unknown, callerId, calleeId),
      },
    };
  },
  async signerOf({ keys, token }) {
    const [privateKey, publicKey] = await Promise.all([
      importJWK(keys.privateKey, "ES256"),
      importJWK(keys.publicKey, "ES256", { extractable: true }),
    ]);
    return async ({ method, url }) => {
      const target = url.origin + url.pathname;
      const proof = await generateProof(
        { privateKey, publicKey },
        target,
        method,
        undefined,
        token,
      );
      return [
        ["Authorization", `DPoP ${token}`],
        ["DPoP", proof],
      ];
    };
  },
  async verifierOf(service, origin) {
    const guards = guardsOf(service);
    return async (request) => {
      const received = asExpressHasIt(request, origin);
      for (const guard of guards) await passes(guard, received);
    };
  },
  guardOf: async (service) => guardsOf(service),
};

async function accessToken({ privateKey }, { subject, audience, jwk }) {
  return new SignJWT({ cnf: { jkt: await calculateJwkThumbprint(jwk) }, client_id: "checkout" })
    .setProtectedHeader({ alg: "ES256", typ: "at+jwt" })
    .setIssuer(issuer)
    .setSubject(subject)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime("1d")
    .setJti(crypto.randomUUID())
    .sign(await importJWK(privateKey, "ES256"));
}

function guardsOf({ issuerKey }) {
  const authenticate = auth({
    issuer,
    audience: calleeId,
    publicKey: issuerKey,
    tokenSigningAlg: "ES256",
    strict: true,
    dpop: { enabled: true, required: true, iatOffset: maxAgeSeconds },
  });
  return [authenticate, claimEquals("sub", callerId)];
}

/** It has no other way in than its middleware, so that is called, with what it reads of a request. */
function asExpressHasIt({ method, target, headers }, origin) {
  const fields = Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]));
  return {
    method,
    originalUrl: target,
    headers: fields,
    query: {},
    protocol: new URL(origin).protocol.slice(0, -1),
    get: (name) => fields[name.toLowerCase()],
    is: () => false,
  };
}

function passes(guard, request) {
  return new Promise((resolve, reject) => {
    guard(request, undefined, (error) => (error === undefined ? resolve() : reject(error)));
  });
}
