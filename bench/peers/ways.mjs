import { dpop } from "./dpop.mjs";
import { firsthand } from "./firsthand.mjs";
import { httpMessageSig } from "./http-message-sig.mjs";
import { httpMessageSignatures } from "./http-message-signatures.mjs";

/**
 * What a Node team can take to have callers prove a key in each request, by name. Each way has:
 * - `issue()`: as JSON what the `service` and its `callers` hold: `caller`, who is allowed; `stranger`,
 *   who is somebody else; `impostor`, who says to be `caller` and was issued by nobody that is trusted;
 *   and `elsewhere`, which is `caller` with what it uses for another service.
 * - `signerOf(caller, origin)`: answers with the header fields that prove a request.
 * - `verifierOf(service, origin)`: rejects a request that is not proved.
 * - `guardOf(service, origin)`: the same as middlewares of Express.
 */
export const ways = {
  "wpt-02": firsthand("wit-svid", "wpt-02"),
  "svid-proof-1": firsthand("x509-svid", "svid-proof-1"),
  "http-signature-07": firsthand("wit-svid", "http-signature-07"),
  "svid-signature-1": firsthand("x509-svid", "svid-signature-1"),
  DPoP: dpop,
  "http-message-signatures, ES256": httpMessageSignatures("ecdsa-p256-sha256"),
  "http-message-signatures, Ed25519": httpMessageSignatures("ed25519"),
  "http-message-sig, Ed25519": httpMessageSig,
};
