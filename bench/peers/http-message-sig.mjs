import { createSignature, verifySignature, webcrypto } from "http-message-sig";
import { importJWK } from "jose";
import { callerId } from "../services/trust.mjs";
import { expressGuard } from "./express-guard.mjs";
import { maxAgeSeconds } from "./limits.mjs";
import { issueListedKeys } from "./listed-keys.mjs";
import { requiredComponents, signedFields } from "./signed-fields.mjs";

const algorithm = "ed25519";

/**
 * RFC 9421 with `http-message-sig` of Cloudflare, which `web-bot-auth` stands on, and Ed25519 as it
 * brings it: the service has a list of the keys that may sign.
 */
export const httpMessageSig = {
  issue: async () => issueListedKeys("Ed25519"),
  async signerOf({ privateKey, id }) {
    const signer = webcrypto.signer(await importJWK(privateKey, "Ed25519"));
    return async (request) => {
      const { fields, added, components } = signedFields(request);
      const message = messageOf(request.method, request.url, fields);
      const created = Math.floor(Date.now() / 1000);
      const parameters = { created, keyid: id, alg: algorithm };
      const signed = await createSignature(message, { components, parameters, signer });
      return [
        ...added,
        ["Signature-Input", signed.signatureInput],
        ["Signature", signed.signature],
      ];
    };
  },
  verifierOf,
  guardOf: async (service, origin) => [expressGuard(await verifierOf(service, origin))],
};

async function verifierOf({ publicKey }, origin) {
  const known = webcrypto.verifier(await importJWK(publicKey, "Ed25519"));
  const options = {
    policy: {
      algorithms: [algorithm],
      requiredComponents,
      requiredParameters: ["created", "keyid", "alg"],
      maxAge: maxAgeSeconds,
    },
    resolveVerifier({ parameters: { keyid } }) {
      if (keyid !== callerId) throw new Error("the key is none that may sign");
      return known;
    },
  };
  return async ({ method, target, headers }) => {
    await verifySignature(messageOf(method, new URL(target, origin), headers), options);
  };
}

function messageOf(method, url, headers) {
  const fields = headers.map(([name, value]) => ({ name, value }));
  return { kind: "request", method, targetUri: url.href, fields };
}
