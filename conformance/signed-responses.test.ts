import type { Server } from "node:net";
import {
  allow,
  type PeerOptions,
  type SignatureFormat,
  type SignedResponsesOptions,
} from "@firsthand/core";
import { createFetch } from "@firsthand/node";
import { proveRequests } from "@firsthand/node/undici";
import type { TestIdentity } from "@firsthand/testing";
import { Agent, request as undiciRequest } from "undici";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { portOf } from "./support/adapters.js";
import { answeringServices, bigBytes } from "./support/answering-services.js";
import {
  type ChangingProxy,
  dropField,
  openChangingProxy,
  type PassedAnswer,
  setField,
} from "./support/changing-proxy.js";
import { calleeId, callerId, createScene, type Scene, signatureFormats } from "./support/scene.js";

const both = { credentials: ["x509-svid", "wit-svid"] } as const;

let scene: Scene;
let callee: TestIdentity;
let proxy: ChangingProxy;
let server: Server | undefined;
let recorded: string[];

beforeAll(async () => {
  scene = await createScene();
  callee = await scene.domain.identity(calleeId, both);
  proxy = await openChangingProxy();
});

afterAll(() => proxy.server.close());

beforeEach(() => {
  proxy.change = () => undefined;
  recorded = [];
});

afterEach(() => server?.close());

/** Starts a service that signs its responses, as the given options say. */
async function serve(
  name: string,
  signedResponses: SignedResponsesOptions | undefined = { identity: callee },
): Promise<void> {
  const start = answeringServices[name];
  if (start === undefined) throw new Error(`there is no ${name}`);
  server = await start({
    identity: callee,
    origin: proxy.origin,
    policy: allow(callerId),
    accept: [...signatureFormats, "svid-proof-1"],
    clock: scene.clock,
    signedResponses,
    observer: (decision) => {
      recorded.push(decision.decision === "refused" ? decision.error.code : "accepted");
    },
  });
  proxy.target = portOf(server);
}

function peerOf(options: Partial<PeerOptions> = {}) {
  const peer = { id: calleeId, signedResponse: "required", ...options } as const;
  return { identity: scene.caller, peers: { [proxy.origin]: peer }, clock: scene.clock };
}

function call(path = "/", options: Partial<PeerOptions> = {}, init: RequestInit = {}) {
  return createFetch(peerOf(options))(`${proxy.origin}${path}`, init);
}

/** The text of an answer through the interceptor of undici. */
async function dispatch(path = "/", options: Partial<PeerOptions> = {}) {
  const dispatcher = new Agent().compose(proveRequests(peerOf(options)));
  try {
    const { statusCode, body } = await undiciRequest(`${proxy.origin}${path}`, { dispatcher });
    return { status: statusCode, text: await body.text() };
  } finally {
    await dispatcher.close();
  }
}

const expected = JSON.stringify({ caller: callerId });

describe.each(Object.keys(answeringServices))("a response signed by %s", (name) => {
  it.each(signatureFormats)("HS-063 is known to come from the peer, %s", async (format) => {
    await serve(name);
    const response = await call("/?a=b", { accept: [format] });
    expect(response.status).toBe(201);
    expect(response.headers.get("signature-input")).toContain("wimse-req-nonce");
    expect(await response.text()).toBe(expected);
    expect(await dispatch("/", { accept: [format] })).toEqual({ status: 201, text: expected });
    expect(recorded).toEqual(["accepted", "accepted"]);
  });

  it.each([
    ["/stream", "GET", 200, "in two pieces"],
    ["/empty", "GET", 204, ""],
    ["/missing", "GET", 404, "nothing here"],
    ["/", "POST", 201, expected],
    ["/", "HEAD", 201, ""],
  ])("is signed whatever it is: %s %s", async (path, method, status, text) => {
    await serve(name);
    const response = await call(path, {}, { method });
    expect(response.status).toBe(status);
    expect(await response.text()).toBe(text);
  });

  it.each(["/big", "/flushed", "/latin1"])("is 501 where it cannot be signed: %s", async (path) => {
    await serve(name);
    let passed: PassedAnswer | undefined;
    proxy.change = (answer) => {
      passed = answer;
    };
    await expect(call(path)).rejects.toMatchObject({ code: "response_unsigned" });
    expect(passed?.status).toBe(501);
    expect(JSON.parse(String(passed?.body))).toMatchObject({ code: "response_unsigned" });
    expect(recorded).toEqual(["accepted", "response_unsignable"]);
  });

  it("goes unsigned where a signature is no more than welcome and impossible", async () => {
    await serve(name);
    const big = await call("/big", { signedResponse: "preferred" });
    expect((await big.arrayBuffer()).byteLength).toBe(bigBytes);
    const flushed = await call("/flushed", { signedResponse: "preferred" });
    expect(await flushed.text()).toBe("too late");
    expect(flushed.headers.has("signature")).toBe(false);
  });

  it("is signed where a signature is welcome", async () => {
    await serve(name);
    const response = await call("/", { signedResponse: "preferred" });
    expect(response.headers.has("signature")).toBe(true);
    expect(await response.text()).toBe(expected);
  });

  it("is signed unasked where the service says always", async () => {
    await serve(name, { identity: callee, sign: "always" });
    const response = await call("/", { signedResponse: undefined, accept: ["http-signature-07"] });
    expect(response.headers.has("signature")).toBe(true);
    const token = await call("/", { signedResponse: undefined, accept: ["svid-proof-1"] });
    expect(token.headers.has("signature")).toBe(false);
  });

  it("is not signed where nobody asks", async () => {
    await serve(name);
    const response = await call("/", { signedResponse: undefined, accept: ["http-signature-07"] });
    expect(response.headers.has("signature")).toBe(false);
  });
});

describe("a signed response that was changed", () => {
  beforeEach(() => serve("node:http", { identity: callee, boundHeaders: ["x-tenant"] }));

  const changes: readonly (readonly [
    title: string,
    change: (answer: PassedAnswer) => void,
    code: string,
    cause: string | undefined,
  ])[] = [
    ["status", (answer) => (answer.status = 200), "response_invalid", "signature_invalid"],
    [
      "HS-068 body",
      (answer) => (answer.body = Buffer.from("{}")),
      "response_invalid",
      "proof_body_mismatch",
    ],
    [
      "content type",
      (answer) => setField(answer, "content-type", "text/plain"),
      "response_invalid",
      "signature_invalid",
    ],
    [
      "bound header",
      (answer) => setField(answer, "x-tenant", "red"),
      "response_invalid",
      "signature_invalid",
    ],
    [
      "bound header gone",
      (answer) => dropField(answer, "x-tenant"),
      "response_invalid",
      "signature_component_absent",
    ],
    [
      "digest gone",
      (answer) => dropField(answer, "content-digest"),
      "response_invalid",
      "signature_component_absent",
    ],
    [
      "digest of another body",
      (answer) => {
        answer.body = Buffer.from("{}");
        setField(
          answer,
          "content-digest",
          "sha-256=:RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=:",
        );
      },
      "response_invalid",
      "signature_invalid",
    ],
    [
      "signature gone",
      (answer) => dropField(answer, "signature"),
      "response_invalid",
      "signature_unpaired",
    ],
    [
      "both fields gone",
      (answer) => {
        dropField(answer, "signature");
        dropField(answer, "signature-input");
      },
      "response_unsigned",
      undefined,
    ],
    [
      "credential gone",
      (answer) => dropField(answer, "workload-identity-token"),
      "response_invalid",
      "signature_without_credential",
    ],
    [
      "second content type",
      (answer) => answer.rawHeaders.push("content-type", "a/b"),
      "response_invalid",
      undefined,
    ],
  ];

  it.each(changes)("is refused: %s", async (_title, change, code, cause) => {
    proxy.change = change;
    const error = await call().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "ProofError", code });
    if (cause !== undefined) expect(error).toMatchObject({ cause: { code: cause } });
    await expect(dispatch()).rejects.toMatchObject({ name: "ProofError", code });
  });

  it("HS-066 is refused as the answer to another request", async () => {
    let first: PassedAnswer | undefined;
    proxy.change = (answer) => {
      if (first === undefined) first = { ...answer, rawHeaders: [...answer.rawHeaders] };
      else Object.assign(answer, first);
    };
    await call();
    await expect(call()).rejects.toMatchObject({
      code: "response_invalid",
      cause: { code: "signature_request_mismatch" },
    });
  });

  it("HS-069 is refused also where it was not asked for", async () => {
    proxy.change = (answer) => {
      answer.status = 200;
    };
    await expect(call("/", { signedResponse: "preferred" })).rejects.toMatchObject({
      code: "response_invalid",
      cause: { code: "signature_invalid" },
    });
  });

  it("is refused above the limit of the client", async () => {
    proxy.change = (answer) => {
      answer.body = Buffer.alloc(101);
    };
    const options = { ...peerOf(), contentLimitBytes: 100 };
    const fetched = createFetch(options)(`${proxy.origin}/`);
    await expect(fetched).rejects.toMatchObject({ code: "response_too_large" });
    const dispatcher = new Agent().compose(proveRequests(options));
    await expect(undiciRequest(`${proxy.origin}/`, { dispatcher })).rejects.toMatchObject({
      code: "response_too_large",
    });
    await dispatcher.destroy();
  });
});

describe("a response signed by another workload of the trust domain", () => {
  it("is refused", async () => {
    await serve("node:http", { identity: scene.neighbour });
    await expect(call()).rejects.toMatchObject({ code: "peer_unexpected" });
    await expect(dispatch()).rejects.toMatchObject({ code: "peer_unexpected" });
  });
});

describe("a service that cannot sign", () => {
  it.each<[title: string, options: () => SignedResponsesOptions | undefined]>([
    ["because it is not told to", () => undefined],
    ["because it has no credential", () => ({ identity: { credentials: () => [] } })],
  ])("refuses a demand before its handler runs, %s", async (_title, options) => {
    await serve("node:http", options());
    if (options() === undefined) await restartUnsigned();
    await expect(call()).rejects.toMatchObject({ code: "response_unsigned" });
    expect(recorded).toEqual(["response_unsignable"]);
  });

  async function restartUnsigned(): Promise<void> {
    server?.close();
    server = await answeringServices["node:http"]?.({
      identity: callee,
      origin: proxy.origin,
      policy: allow(callerId),
      clock: scene.clock,
      observer: (decision) => {
        recorded.push(decision.decision === "refused" ? decision.error.code : "accepted");
      },
    });
    if (server !== undefined) proxy.target = portOf(server);
  }

  it("uses the other kind of credential where it has no other", async () => {
    const onlyX509 = await scene.domain.identity(calleeId, { credentials: ["x509-svid"] });
    await serve("node:http", { identity: onlyX509 });
    const response = await call("/", { accept: ["http-signature-07"] satisfies SignatureFormat[] });
    expect(response.headers.has("workload-identity-certificate")).toBe(true);
  });
});

describe("what a route demands", () => {
  it("a refused caller is told which signature is accepted", async () => {
    await serve("node:http");
    const response = await fetch(`http://127.0.0.1:${proxy.target}/`);
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe("SVID-Proof");
    expect(response.headers.get("accept-signature")).toContain(
      'sig1=("@method" "@path" "@query" "content-type" "content-digest" "authorization" "txn-token" "workload-identity-token");created;expires;tag="wimse-workload-to-workload"',
    );
  });
});
