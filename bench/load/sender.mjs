// Sends requests that the caller of the bench has proved.
import { createProver } from "@firsthand/core";
import { loadIdentity } from "@firsthand/testing";
import { data } from "../harness/program.mjs";
import { calleeId } from "../services/trust.mjs";
import { serveSending } from "./serve-sending.mjs";

const identity = await loadIdentity(data.trust.caller);

serveSending((port) => {
  const prover = createProver({ identity, peers: { [`http://localhost:${port}`]: calleeId } });
  return async (request) => (await prover.prove(request)).headers;
});
