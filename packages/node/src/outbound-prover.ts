import { setImmediate } from "node:timers/promises";
import {
  createProver,
  type OutboundRequest,
  type ProverOptions,
  parseOptions,
  type ResponseCheck,
  type TakeAnswer,
  wholeNumber,
} from "@firsthand/core";
import * as z from "zod/mini";
import { publishProof } from "./diagnostics.js";
import { refuseInsecureTransport } from "./insecure-transport.js";
import { encodeBody } from "./request-body.js";

/** Whom to prove our identity to, and how much to bind. */
export interface OutboundOptions extends ProverOptions {
  /**
   * The longest body, in bytes: of a request, and of a response whose signature is checked. All of it
   * is held in memory, because its digest travels in front of it. Default 1 MiB.
   */
  readonly contentLimitBytes?: number | undefined;
}

/** A request on its way out, in the terms that fetch and a dispatcher have in common. */
export interface UnprovedRequest {
  readonly method: string;
  /** In the form in which it is sent. */
  readonly url: URL;
  readonly headers: readonly Field[];
  /** Anything that fetch or undici take; null or undefined when there is none. */
  readonly body: unknown;
  readonly signal: AbortSignal | undefined;
  /** Whatever may carry the request; looked at, never used. */
  readonly dispatchers: readonly unknown[];
  /** `signed`: not by session, because whoever gets the response cannot repeat the request. */
  readonly proof?: OutboundRequest["proof"];
}

/** What takes the place of the body, and what joins the headers. */
export interface ProvedParts {
  readonly content: Uint8Array | null;
  readonly headers: readonly Field[];
  /** What the response is held to, where it is to anything. */
  readonly response: CheckedResponse | undefined;
  /**
   * Takes the response, or undefined when none comes; `repeat` asks to send {@link again} instead.
   * Absent where the response says nothing to it.
   */
  readonly answered: TakeAnswer | undefined;
  /** The same request with a signed proof. */
  again(): Promise<ProvedParts>;
}

/** The check of a response, and the longest content that is read for it. */
export interface CheckedResponse {
  readonly check: ResponseCheck;
  readonly limit: number;
}

type Field = readonly [name: string, value: string];

const schema = z.object({ contentLimitBytes: z.optional(wholeNumber(0, 2 ** 30)) });
const defaultLimit = 1024 * 1024;

/**
 * What the fetch wrapper and the interceptor share: from a request to the parts that prove it.
 *
 * @throws {ConfigurationError} naming the option that is wrong
 */
export function createOutboundProver(
  factory: string,
  options: OutboundOptions,
): (request: UnprovedRequest) => Promise<ProvedParts> {
  const { contentLimitBytes: limit = defaultLimit } = parseOptions(factory, schema, options);
  const { contentLimitBytes: _, ...proverOptions } = options;
  const prover = createProver(proverOptions);

  async function proveAs(encoded: EncodedRequest, kind: OutboundRequest["proof"]) {
    const { method, url, headers, added, body } = encoded;
    const content = body?.length ? body : undefined;
    const proof = await prover.prove({ method, url, headers, content, proof: kind });
    publishProof(method, url, proof);
    const parts: ProvedParts = {
      content: body ?? null,
      headers: added.length === 0 ? proof.headers : [...added, ...proof.headers],
      response: proof.response && { check: proof.response, limit },
      answered: proof.answered,
      again: () => proveAs(encoded, "signed"),
    };
    return parts;
  }

  return async function proveOutbound(request) {
    try {
      const { method, url, headers, body, signal, dispatchers, proof } = request;
      refuseInsecureTransport(url, dispatchers);
      if (body == null) return await proveAs({ method, url, headers, added: none }, proof);
      const { content, contentType } = await encodeBody(body, { limit, signal });
      const added = impliedHeaders(contentType, headers);
      const all = [...headers, ...added];
      return await proveAs({ method, url, headers: all, added, body: content }, proof);
    } catch (error) {
      // Whoever tries again at once must not keep the next credential from arriving.
      await setImmediate();
      throw error;
    }
  };
}

const none: readonly Field[] = [];

/** A request whose body is bytes, and as long as they are. */
interface EncodedRequest extends Pick<UnprovedRequest, "method" | "url"> {
  /** With those that are added. */
  readonly headers: readonly Field[];
  readonly added: readonly Field[];
  readonly body?: Uint8Array;
}

function impliedHeaders(contentType: string | undefined, given: readonly Field[]): Field[] {
  if (contentType === undefined) return [];
  if (given.some(([name]) => name.toLowerCase() === "content-type")) return [];
  return [["content-type", contentType]];
}
