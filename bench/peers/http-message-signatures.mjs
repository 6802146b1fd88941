import { createPrivateKey, createPublicKey } from "node:crypto";
import { createSigner, createVerifier, httpbis } from "http-message-signatures";
import { callerId } from "../services/trust.mjs";
import { expressGuard } from "./express-guard.mjs";
import { maxAgeSeconds } from "./limits.mjs";
import { issueListedKeys } from "./listed-keys.mjs";
import { requiredComponents, signedFields } from "./signed-fields.mjs";

const curves = { "ecdsa-p256-sha256": "P-256", ed25519: "Ed25519" };

/** RFC 9421 with `http-message-signatures`: the service has a list of the keys that may sign. */
export function httpMessageSignatures(algorithm) {
  async function verifierOf({ publicKey }, origin) {
    const key = createPublicKey({ key: publicKey, format: "jwk" });
    const known = { id: callerId, algs: [algorithm], verify: createVerifier(key, algorithm) };
    const config = {
      keyLookup: async ({ keyid }) => (keyid === callerId ? known : null),
      requiredFields: requiredComponents,
      requiredParams: ["created", "keyid", "alg"],
      maxAge: maxAgeSeconds,
    };
    return async ({ method, target, headers }) => {
      const message = {
        method,
        url: new URL(target, origin),
        headers: Object.fromEntries(headers),
      };
      if ((await httpbis.verifyMessage(config, message)) !== true)
        throw new Error("it is not signed");
    };
  }

  return {
    issue: async () => issueListedKeys(curves[algorithm]),
    async signerOf({ privateKey, id }) {
      const key = createSigner(createPrivateKey({ key: privateKey, format: "jwk" }), algorithm, id);
      return async (request) => {
        const { fields, added, components } = signedFields(request);
        const message = { ...request, headers: Object.fromEntries(fields) };
        const { headers } = await httpbis.signMessage({ key, fields: components }, message);
        const own = ["Signature-Input", "Signature"].map((name) => [name, headers[name]]);
        return [...added, ...own];
      };
    },
    verifierOf,
    guardOf: async (service, origin) => [expressGuard(await verifierOf(service, origin))],
  };
}
