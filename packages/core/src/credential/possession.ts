import { runtime } from "#runtime";
import { utf8 } from "../encoding.js";
import { type JwsAlgorithm, schemeOf } from "../jose/algorithms.js";
import type { PrivateKey, PublicKey } from "../runtime/port.js";

const challenge = utf8("firsthand: does this private key belong to this credential?");

/** Whether a private key signs what the public key verifies. A key of another kind does not. */
export async function provesPossession(
  algorithm: JwsAlgorithm,
  privateKey: PrivateKey,
  publicKey: PublicKey,
): Promise<boolean> {
  const scheme = schemeOf(algorithm);
  try {
    const signature = await runtime.sign(scheme, privateKey, challenge);
    return await runtime.verify(scheme, publicKey, challenge, signature);
  } catch {
    return false;
  }
}
