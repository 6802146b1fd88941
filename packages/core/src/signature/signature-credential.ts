import type { Credential } from "../credential/credential.js";
import type { SignatureFormat } from "../proof/format.js";

/** A kind of signature over the message, with the credential that it is made with. */
export interface SignatureCredential {
  readonly format: SignatureFormat;
  readonly credential: Credential;
}
