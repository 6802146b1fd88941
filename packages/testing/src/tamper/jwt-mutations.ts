import { jwtFormMutations } from "./jwt-form-mutations.js";
import { jwtHeaderMutations } from "./jwt-header-mutations.js";
import { jwtSignatureMutations } from "./jwt-signature-mutations.js";
import type { JwtMutation } from "./tamper-jwt.js";

/** What can be wrong with any JWT, whatever it claims. */
export const jwtMutations = {
  ...jwtFormMutations,
  ...jwtHeaderMutations,
  ...jwtSignatureMutations,
} as const satisfies Record<string, JwtMutation>;

/** The name of a mutation that applies to any JWT. */
export type JwtMutationName = keyof typeof jwtMutations;
