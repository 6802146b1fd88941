import { createProver } from "@firsthand/core";
import { calleeId } from "../services/trust.mjs";

/** Makes, for each port, what answers with the header fields that prove a request to the service there. */
export function identitySigner(identity) {
  return (port) => {
    const prover = createProver({ identity, peers: { [`http://localhost:${port}`]: calleeId } });
    return async (request) => (await prover.prove(request)).headers;
  };
}
