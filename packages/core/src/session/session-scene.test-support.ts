import { type RequestData, type TestIdentity, toProofRequest } from "@firsthand/testing";
import type { Caller } from "../caller.js";
import { VerificationError } from "../errors.js";
import { createProver, type OutboundRequest, type Proof, type Prover } from "../prover.js";
import type { ProverOptions } from "../prover-options.js";
import { Refusal } from "../refusal.js";
import type { VerificationCode } from "../refusal-codes.js";
import {
  createScene,
  ledgerId,
  origin,
  type Scene,
  transfer,
  verifierOf,
} from "../scene.test-support.js";
import type { Verifier } from "../verifier.js";
import type { VerifierOptions } from "../verifier-options.js";
import { memorySessions, type SessionOptions } from "./memory-sessions.js";
import type { ProofResponse } from "./peer-sessions.js";

/** What one try of a request came to: how the caller was proved, or why it was refused. */
export type Outcome = Caller["proof"]["format"] | VerificationCode;

/** A request that was sent, and what came of each try. */
export interface Exchange {
  readonly outcomes: readonly Outcome[];
  readonly caller: Caller | undefined;
  /** What was sent and answered, try by try. */
  readonly requests: readonly RequestData[];
  readonly answers: readonly (string | undefined)[];
}

/** What somebody between the two does to requests and answers. */
export interface Between {
  readonly request?: (request: RequestData) => RequestData;
  readonly answer?: (value: string) => string | undefined;
  readonly demand?: OutboundRequest["proof"];
}

/** A prover of the scene's caller that uses sessions. */
export function sessionProver(
  { clock, web }: Pick<Scene, "clock" | "web">,
  options: Partial<ProverOptions> = {},
): Prover {
  return createProver({
    identity: web,
    peers: { [origin]: ledgerId },
    clock,
    sessions: "on",
    ...options,
  });
}

/** A verifier of the scene's callee that offers sessions. */
export function sessionVerifier(
  scene: Pick<Scene, "clock" | "ledger">,
  options: Partial<VerifierOptions> & { readonly limits?: SessionOptions } = {},
): Verifier {
  const { limits, ...rest } = options;
  const sessions = memorySessions({ clock: scene.clock, ...limits });
  return verifierOf(scene, { sessions, ...rest });
}

/** The request with a proof, as it would be sent. */
export async function proved(
  prover: Prover,
  request: RequestData = transfer,
  proof?: OutboundRequest["proof"],
): Promise<{ readonly proof: Proof; readonly request: RequestData }> {
  const { method, target, headers, body: content } = request;
  const url = new URL(target, origin);
  const made = await prover.prove({ method, url, headers, content, proof });
  return { proof: made, request: { ...request, headers: [...headers, ...made.headers] } };
}

/** Verifies a request; what the response would say of it beside the outcome. */
export async function received(
  verifier: Verifier,
  request: RequestData,
  demand?: OutboundRequest["proof"],
) {
  let session: string | undefined;
  const answer = (_name: string, value: string) => {
    session = value;
  };
  const content = toProofRequest(request);
  try {
    const caller = await verifier.verify({ ...content, answer }, { proof: demand });
    return { outcome: caller.proof.format as Outcome, caller, session, status: 200 };
  } catch (error) {
    if (!(error instanceof VerificationError)) throw error;
    const { status, headers } = new Refusal(error, verifier.challenge);
    return { outcome: error.code, caller: undefined, session: headers["svid-session"], status };
  }
}

/** Sends a request as a transport does: with each answer taken, and repeated where that is asked. */
export async function exchange(
  prover: Prover,
  verifier: Verifier,
  request: RequestData = transfer,
  { request: change = (it) => it, answer: changeAnswer = (it) => it, demand }: Between = {},
): Promise<Exchange> {
  const tries = [];
  for (const kind of ["any", "signed"] as const) {
    const { proof, request: sent } = await proved(prover, request, kind);
    const { outcome, caller, session, status } = await received(verifier, change(sent), demand);
    const answer = session === undefined ? undefined : changeAnswer(session);
    tries.push({ outcome, caller, request: sent, answer });
    if ((await proof.answered?.(response(status, answer))) !== "repeat") break;
  }
  return {
    outcomes: tries.map(({ outcome }) => outcome),
    caller: tries.at(-1)?.caller,
    requests: tries.map((one) => one.request),
    answers: tries.map((one) => one.answer),
  };
}

export function response(status: number, session: string | undefined): ProofResponse {
  return { status, header: (name) => (name === "SVID-Session" ? session : null) };
}

/** A caller and a callee with a session between them. */
export async function openedScene(
  options: {
    readonly prover?: Partial<ProverOptions>;
    readonly verifier?: Parameters<typeof sessionVerifier>[1];
    readonly identity?: Parameters<typeof createScene>[0];
  } = {},
) {
  const scene = await createScene(options.identity);
  const prover = sessionProver(scene, options.prover);
  const verifier = sessionVerifier(scene, options.verifier);
  const opening = await exchange(prover, verifier);
  return { ...scene, prover, verifier, opening };
}

/** The private identity of another workload of the scene's domain. */
export function neighbourOf({ domain }: Pick<Scene, "domain">): Promise<TestIdentity> {
  return domain.identity("spiffe://td.example/ns/pay/sa/neighbour");
}
