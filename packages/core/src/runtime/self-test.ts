import { base64url, fromBase64url, utf8 } from "../encoding.js";
import { ConfigurationError } from "../errors.js";
import type { CheckSignature, Runtime } from "./port.js";

const text = "firsthand";
const message = utf8(text);
const digest = "u7GMpTlo3X2wXQJdPgdUgxx2qfXodYnBPtuF7nNXCtA";
const shape = { kind: "ec", curve: "P-256" } as const;
const scheme = { family: "ecdsa", hash: "SHA-256" } as const;
const jwk = {
  kty: "EC",
  crv: "P-256",
  x: "i6El4c6kLRZvuDR8OJKAnXVLKb_RE6Fi61vey6roxGI",
  y: "vg_QAxOl11Qj28enSvpYrIVNVo2wY8WjG7ptUKXWXwM",
};
const signature = fromBase64url(
  "Ypf6oibRAwbqgEtVIfdfdhP51ONAlwDl0Z5RkPSvY-rLdtSJcVIbWHx_bZOz0iK4m0K8ybo7ZVgdkVN_MO0cMw",
) as Uint8Array;

const macKey = utf8("firsthand: a key of 32 bytes, no");
const mac = "m-9OENyIbs8Zmr1EpKwvjaNaEKHIU85GWLsPV1Rsu7k";
const alteredMac = mac.replace(/^./, "A");

/**
 * Known answers, two of which must be no: a patched or replaced cryptography module that says yes to
 * everything would otherwise let everybody in.
 *
 * @param check what checks the signatures of proofs, beside what checks those of certificates
 * @throws {ConfigurationError} `cryptography_unsound`
 */
export async function selfTest(
  runtime: Runtime,
  check: CheckSignature = runtime.verify,
): Promise<void> {
  const key = await runtime.importPublicJwk(jwk, shape);
  const altered = signature.with(9, (signature[9] as number) ^ 1);
  const secret = await runtime.importMacKey(macKey);
  const isSound =
    base64url(await runtime.sha256(message)) === digest &&
    (await runtime.hashText(text)) === digest &&
    (await runtime.verify(scheme, key, message, signature)) === true &&
    (await runtime.verify(scheme, key, message, altered)) === false &&
    (await check(scheme, key, message, signature)) === true &&
    (await check(scheme, key, message, altered)) === false &&
    (await runtime.isMac(secret, text, mac)) === true &&
    (await runtime.isMac(secret, text, alteredMac)) === false;
  if (isSound) return;
  throw new ConfigurationError(
    "cryptography_unsound",
    "the cryptography of this runtime gives wrong answers to known questions; nothing is verified with it",
  );
}
