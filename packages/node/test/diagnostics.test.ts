import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Caller } from "@firsthand/core";
import { Agent, request } from "undici";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  createFetch,
  diagnosticsObserver,
  type ProofMessage,
  type VerificationMessage,
} from "../src/index.js";
import { proveRequests } from "../src/undici/index.js";
import { type RecordedRequest, startServer } from "./recording-server.js";
import { checkout, expectCode, knowing, orders, verify } from "./shop.js";

/** What is published on a channel until the test ends. */
function messagesOn<Message>(name: string): Message[] {
  const messages: Message[] = [];
  const keep = (message: unknown) => void messages.push(message as Message);
  subscribe(name, keep);
  onTestFinished(() => void unsubscribe(name, keep));
  return messages;
}

async function recordOne(init?: RequestInit) {
  const { origin, requests } = await startServer();
  await createFetch(knowing(origin))(`${origin}/orders?secret=1`, init);
  return { origin, request: requests[0] as RecordedRequest };
}

describe("the channel firsthand:proof", () => {
  it("says who proves what to whom, and nothing of the content", async () => {
    const messages = messagesOn<ProofMessage>("firsthand:proof");
    const { origin } = await recordOne({ method: "post", body: "secret" });
    const format = "svid-proof-1";
    const said = { origin, method: "POST", format, id: checkout, peer: orders };
    const message = { ...said, session: "none" };
    expect(messages).toEqual([message]);
  });

  it("hears of the proofs of the interceptor, and of no refused request", async () => {
    const messages = messagesOn<ProofMessage>("firsthand:proof");
    const { origin } = await startServer();
    const agent = new Agent();
    onTestFinished(() => agent.destroy());
    const dispatcher = agent.compose(proveRequests(knowing(origin)));
    await request(origin, { dispatcher });
    await expectCode(request("http://127.0.0.1:1", { dispatcher }), "peer_unknown");
    expect(messages.map((message) => message.origin)).toEqual([origin]);
  });
});

describe("diagnosticsObserver", () => {
  const observer = diagnosticsObserver();

  it("publishes an accepted request", async () => {
    const messages = messagesOn<VerificationMessage>("firsthand:verification");
    const { origin, request } = await recordOne();
    await verify(request, origin, { observer });
    expect(messages).toEqual([
      {
        decision: "accepted",
        code: undefined,
        caller: checkout,
        credential: "x509-svid",
        format: "svid-proof-1",
        binding: "full",
        trustDomain: "shop.example",
        rule: checkout,
        method: "GET",
        path: "/orders",
        time: expect.any(Number),
        elapsedMilliseconds: expect.any(Number),
      },
    ]);
  });

  it("publishes a refused request, with the caller where it was proved", async () => {
    const messages = messagesOn<VerificationMessage>("firsthand:verification");
    const { origin, request } = await recordOne();
    const policy = (_caller: Caller) => false;
    await expectCode(verify(request, origin, { observer, policy }), "caller_forbidden");
    await expectCode(verify({ ...request, headers: [] }, origin, { observer }), "proof_missing");
    expect(messages).toEqual([
      expect.objectContaining({ decision: "refused", code: "caller_forbidden", caller: checkout }),
      expect.objectContaining({ decision: "refused", code: "proof_missing", caller: undefined }),
    ]);
  });

  it("lets a request pass when nobody listens", async () => {
    const { origin, request } = await recordOne();
    const caller = await verify(request, origin, { observer });
    expect(caller.id.toString()).toBe(checkout);
  });
});
