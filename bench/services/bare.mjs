// What nothing that proves each request can do without: one signature or one MAC, its check, and a field
// that carries it.
import { createHmac, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";

export const bareField = "bare-proof";
/** About what is signed of an SVID-Proof with one intermediate, and authenticated of a proof by session. */
const [signedText, authenticatedText] = ["x".repeat(1900), "x".repeat(90)];

/** Makes proofs of a text and checks them. */
const bareProofs = {
  bareSignature({ callerPem }) {
    const privateKey = createPrivateKey(callerPem.privateKeyPem);
    const publicKey = createPublicKey(callerPem.chainPem);
    return {
      prove: (text) => sign("sha256", Buffer.from(text), privateKey).toString("base64url"),
      holds: (text, proof) =>
        verify("sha256", Buffer.from(text), publicKey, Buffer.from(proof, "base64url")),
      text: signedText,
    };
  },
  bareMac() {
    const macOf = (text) => createHmac("sha256", "bench").update(text).digest("base64url");
    return { prove: macOf, holds: (text, proof) => macOf(text) === proof, text: authenticatedText };
  },
};

/** Makes another value each time. */
export function bareProver(kind, trust) {
  const { prove, text } = bareProofs[kind](trust);
  let count = 0;
  return () => {
    const numbered = `${text}${count++}`;
    return `${numbered}.${prove(numbered)}`;
  };
}

/** A listener that answers where the value holds. */
export function bareListener(kind, trust, answer) {
  const { holds } = bareProofs[kind](trust);
  return (request, response) => {
    const [text, proof] = request.headers[bareField].split(".");
    if (!holds(text, proof)) throw new Error("a bare proof does not hold");
    answer(request, response);
  };
}
