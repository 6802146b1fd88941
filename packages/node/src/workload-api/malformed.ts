import { CredentialError } from "@firsthand/core";

/** The error for an answer that breaks the protocol. */
export function malformed(detail: string, cause?: unknown): CredentialError {
  return new CredentialError("response_malformed", { detail, cause });
}
