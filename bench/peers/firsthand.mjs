import { allow, createProver, createVerifier } from "@firsthand/core";
import { workloadAuth } from "@firsthand/express";
import { createTrustDomain, loadIdentity, toProofRequest } from "@firsthand/testing";
import { calleeId, callerId } from "../services/trust.mjs";

/** A kind of proof of Firsthand, with a kind of credential. */
export function firsthand(credential, format) {
  const optionsOf = async (service, origin) => ({
    identity: await loadIdentity(service),
    origin,
    policy: allow(callerId),
    accept: [format],
  });

  return {
    async issue() {
      const [domain, impostors] = [
        await createTrustDomain("bench.example"),
        await createTrustDomain("bench.example"),
      ];
      const held = async (issuer, path) =>
        (await issuer.identity(path, { credentials: [credential] })).material();
      const caller = await held(domain, "/checkout");
      return {
        service: await held(domain, "/orders"),
        callers: {
          caller,
          elsewhere: caller,
          stranger: await held(domain, "/stranger"),
          impostor: await held(impostors, "/checkout"),
        },
      };
    },
    async signerOf(caller, origin) {
      const identity = await loadIdentity(caller);
      const prover = createProver({
        identity,
        peers: { [origin]: { id: calleeId, accept: [format] } },
      });
      return async (request) => (await prover.prove(request)).headers;
    },
    async verifierOf(service, origin) {
      const verifier = createVerifier(await optionsOf(service, origin));
      return (request) => verifier.verify(toProofRequest(request));
    },
    guardOf: async (service, origin) => [workloadAuth(await optionsOf(service, origin))],
  };
}
