import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { buffer } from "node:stream/consumers";
import type { Faults } from "./faults.js";
import { type GrpcStatus, GrpcStatusError, unframe } from "./grpc.js";
import {
  isMethod,
  methods,
  readRequest,
  type WorkloadApiProfile,
  type WorkloadApiRequest,
  type WorkloadApiState,
} from "./methods.js";
import { Reply } from "./reply.js";
import { encode, type WorkloadApiMethod } from "./responses.js";
import type { WorkloadApiCall } from "./workload-api-server.js";

const ok: GrpcStatus = { code: "OK" };

interface OpenCall {
  readonly reply: Reply;
  readonly method: WorkloadApiMethod;
  readonly request: WorkloadApiRequest;
  /** Whether it waits for the end of a delay. */
  held: boolean;
}

/** Answers the calls of the Workload API, as gRPC over HTTP/2. */
export class Service {
  readonly calls: WorkloadApiCall[] = [];
  readonly #state: () => WorkloadApiState;
  readonly #faults: Faults;
  readonly #profiles: readonly WorkloadApiProfile[];
  readonly #open = new Set<OpenCall>();

  constructor(
    state: () => WorkloadApiState,
    faults: Faults,
    profiles: readonly WorkloadApiProfile[],
  ) {
    this.#state = state;
    this.#faults = faults;
    this.#profiles = profiles;
  }

  openStreams(method: WorkloadApiMethod | undefined): number {
    const open = [...this.#open].filter(({ reply }) => reply.isOpen);
    return open.filter((call) => method === undefined || call.method === method).length;
  }

  /** Sends the complete state to every open stream. */
  async deliver(): Promise<void> {
    await Promise.all([...this.#open].map((call) => this.#answer(call)));
  }

  /** Sends the complete state to the calls that were held back and need not be any more. */
  async deliverHeld(): Promise<void> {
    const held = [...this.#open].filter((call) => call.held);
    await Promise.all(held.map((call) => this.#answer(call)));
  }

  endStreams(status: GrpcStatus | undefined): void {
    for (const { reply } of this.#open) reply.end(status);
  }

  async handle(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    stream.on("error", () => {}); // the caller has gone, so there is nobody to tell
    if (!headers["content-type"]?.startsWith("application/grpc")) {
      stream.respond({ ":status": 415 }, { endStream: true });
      return;
    }
    const body = await buffer(stream).catch(() => undefined);
    if (body === undefined) return;
    const reply = new Reply(stream);
    await endingWithStatus(reply, async () => {
      const call = { reply, ...this.#accept(headers, body), held: false };
      this.#open.add(call);
      stream.on("close", () => this.#open.delete(call));
      await this.#answer(call);
    });
  }

  /** @throws {GrpcStatusError} when the call is refused */
  #accept(headers: IncomingHttpHeaders, body: Buffer) {
    const [, service, method = ""] = (headers[":path"] ?? "").split("/");
    if (service !== "SpiffeWorkloadAPI" || !isMethod(method)) {
      this.calls.push({ method, headers, request: { audience: [], spiffeId: "" } });
      throw new GrpcStatusError({ code: "UNIMPLEMENTED", message: "unknown method" });
    }
    const request = readRequest(method, unframe(body));
    this.calls.push({ method, headers, request });
    if (headers["workload.spiffe.io"] !== "true") {
      throw new GrpcStatusError({
        code: "INVALID_ARGUMENT",
        message: "security header missing from request",
      });
    }
    if (!this.#profiles.includes(methods[method].profile)) {
      throw new GrpcStatusError({ code: "UNIMPLEMENTED", message: "this profile is not served" });
    }
    const fault = this.#faults.takeStatus(method);
    if (fault !== undefined) throw new GrpcStatusError(fault);
    return { method, request };
  }

  async #answer(call: OpenCall): Promise<void> {
    const { reply, method, request } = call;
    call.held = this.#faults.delays(method);
    if (call.held) return;
    await endingWithStatus(reply, async () => {
      const bytes = this.#faults.bytes(method);
      if (bytes === undefined) reply.sendMessage(await this.#messageOf(method, request));
      else reply.sendBytes(bytes);
      if (!methods[method].streams) reply.end(ok);
    });
  }

  async #messageOf<M extends WorkloadApiMethod>(method: M, request: WorkloadApiRequest) {
    const state = this.#state();
    if (state.identities.length === 0) {
      throw new GrpcStatusError({ code: "PERMISSION_DENIED", message: "no identity issued" });
    }
    const response = await methods[method].answer(state, request);
    return encode[method](this.#faults.alter(method, response));
  }
}

/** Ends the call with the status that `run` throws, if it throws one. */
async function endingWithStatus(reply: Reply, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof GrpcStatusError)) throw error;
    reply.end(error.status);
  }
}
