import { certificateLeafMutations } from "./certificate-leaf-mutations.js";
import { certificatePathMutations } from "./certificate-path-mutations.js";
import type { CertificateMutation } from "./mint.js";

/** What can be wrong with an X.509-SVID or with the path to its trust domain's root. */
export const certificateMutations = {
  ...certificateLeafMutations,
  ...certificatePathMutations,
} as const satisfies Record<string, CertificateMutation>;

/** The name of a mutation of a certificate chain. */
export type CertificateMutationName = keyof typeof certificateMutations;
