import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type Caller,
  callContext,
  runInCallContext,
  type VerificationError,
} from "@firsthand/core";
import { createTestClock, createTrustDomain, createTxnTokenIssuer } from "@firsthand/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import type { EndpointState } from "../endpoint/endpoint-state.js";
import { watchDelays } from "../federation/endpoint-server.test-support.js";
import type { KeySetOptions } from "./key-set-options.js";
import { type KeySet, openKeySet } from "./open-key-set.js";

const issuer = await createTxnTokenIssuer(await createTrustDomain("shop.example"));
const published: RequestListener = (_request, response) => response.end(issuer.keySet());

/** A server whose answer can be changed, until the test ends. */
async function serve(answer: RequestListener) {
  const served = { answer, requests: 0, url: "" };
  const server = createServer((request, response) => {
    served.requests++;
    served.answer(request, response);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  served.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys?token=secret`;
  return served;
}

async function open(options: KeySetOptions): Promise<KeySet> {
  const keySet = await openKeySet(options);
  onTestFinished(() => keySet.close());
  return keySet;
}

const codeOf = (act: () => unknown) => {
  try {
    act();
    return undefined;
  } catch (error) {
    return (error as VerificationError).code;
  }
};

describe("openKeySet", () => {
  it("has the keys that the URL serves", async () => {
    const { url } = await serve(published);
    const keySet = await open({ url });
    expect([...keySet.authorities().keys()]).toEqual([issuer.key.keyId]);
    expect(keySet.state).toMatchObject({ status: "ready", reason: undefined });
  });

  it("asks again, and takes what changed", async () => {
    const clock = watchDelays(createTestClock());
    const server = await serve(published);
    const keySet = await open({ url: server.url, clock, refreshSeconds: 60 });
    const before = keySet.authorities();
    const states: EndpointState[] = [];
    keySet.subscribe((state) => states.push(state));
    await clock.pass(60);
    expect(keySet.authorities()).toBe(before);
    expect(states).toEqual([]);
    await issuer.rotateKeys();
    await clock.pass(60);
    expect([...keySet.authorities().keys()]).toHaveLength(2);
    issuer.revokeOldKeys();
    await clock.pass(60);
    expect([...keySet.authorities().keys()]).toEqual([issuer.key.keyId]);
    expect(states.map(({ status }) => status)).toEqual(["ready", "ready"]);
  });

  it("keeps the last good keys while nothing better is served, and not for ever", async () => {
    const clock = watchDelays(createTestClock());
    const server = await serve(published);
    const keySet = await open({ url: server.url, clock, refreshSeconds: 60, maxStaleSeconds: 180 });
    server.answer = (_request, response) => response.end("{}");
    await clock.pass(60);
    expect(keySet.state).toMatchObject({ status: "stale", reason: { code: "key_set_invalid" } });
    expect(keySet.authorities().size).toBe(1);
    await clock.pass(60);
    await clock.pass(60);
    expect(keySet.state.status).toBe("expired");
    expect(codeOf(() => keySet.authorities())).toBe("source_expired");
    server.answer = published;
    await clock.pass(60);
    expect(keySet.state.status).toBe("ready");
    expect(keySet.authorities().size).toBe(1);
  });

  it.each<[code: string, detail: string, answer: RequestListener]>([
    ["key_set_unreachable", "status 404", (_request, response) => response.writeHead(404).end()],
    [
      "key_set_unreachable",
      "the connection failed",
      (_request, response) => response.writeHead(302, { location: "/elsewhere" }).end(),
    ],
    ["key_set_unreachable", "UND_ERR_SOCKET", (request) => request.socket.destroy()],
    [
      "key_set_unreachable",
      "more than 1 MiB",
      (_r, response) => response.end("a".repeat(2 ** 20 + 1)),
    ],
    ["key_set_invalid", "", (_request, response) => response.end("not JSON")],
    ["key_set_invalid", "", (_request, response) => response.end('{"keys":[{"kty":"EC"}]}')],
  ])("fails to open with %s: %s", async (code, detail, answer) => {
    const { url } = await serve(answer);
    const error = await openKeySet({ url }).catch((reason: Error) => reason);
    expect(error).toMatchObject({ name: "CredentialError", code });
    expect(String(error)).toContain(detail);
    expect(String(error)).not.toContain("secret");
  });

  it("does not wait for ever", async () => {
    const clock = watchDelays(createTestClock());
    const asked = clock.waitFor(10);
    const { url } = await serve(() => undefined);
    const opening = openKeySet({ url, clock }).catch((reason: Error) => reason);
    await asked;
    clock.advance({ seconds: 10 });
    expect(await opening).toMatchObject({ code: "key_set_unreachable" });
  });

  it("asks with the fetch it is given, on the account of no request", async () => {
    const seen: unknown[] = [];
    const fetch = async (url: string, init?: RequestInit) => {
      seen.push([new URL(url).pathname, init?.redirect, callContext()]);
      return new Response(issuer.keySet());
    };
    const caller = {} as Caller;
    await runInCallContext(caller, () => open({ url: "https://tts.shop.example/keys", fetch }));
    expect(seen).toEqual([["/keys", "error", undefined]]);
  });

  it("has nothing after it was closed", async () => {
    const { url } = await serve(published);
    const keySet = await openKeySet({ url });
    await keySet.close();
    await keySet[Symbol.asyncDispose]();
    expect(codeOf(() => keySet.authorities())).toBe("source_closed");
  });

  it.each<[option: string, options: object]>([
    ["url", { url: "http://tts.shop.example/keys" }],
    ["url", { url: "https://user:pass@tts.shop.example/keys" }],
    ["url", { url: "ftp://127.0.0.1/keys" }],
    ["url", { url: "keys" }],
    ["refreshSeconds", { refreshSeconds: 9 }],
    ["maxStaleSeconds", { maxStaleSeconds: 29 }],
    ["timeoutMilliseconds", { timeoutMilliseconds: 10_001 }],
    ["fetch", { fetch: "fetch" }],
    ["clock", { clock: {} }],
    ["jwks", { jwks: "" }],
  ])("refuses a wrong option %s", async (option, options) => {
    const given = { url: "https://tts.shop.example/keys", ...options };
    await expect(openKeySet(given)).rejects.toMatchObject({ code: "option_invalid", option });
  });
});
