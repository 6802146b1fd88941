import { once } from "node:events";
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { createTestClock } from "@firsthand/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { checkoutCall, decisionFor } from "../policy-file.test-support.js";
import { type AuthzenPolicyOptions, authzenPolicy } from "./authzen-policy.js";

/** A policy decision point. */
async function decisionPoint(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/access/v1/evaluation`;
}

const saying =
  (text: string, status = 200, headers = { "content-type": "application/json" }): RequestListener =>
  (_, response) =>
    void response.writeHead(status, headers).end(text);

const policyAt = (endpoint: string, more: Partial<AuthzenPolicyOptions> = {}) =>
  authzenPolicy({ endpoint, onFailure: "deny", timeoutMilliseconds: 60_000, ...more });

const allowed = { effect: "allow", rule: "authzen" };
const denied = { effect: "deny", rule: "authzen" };
const failed = { effect: "deny", rule: "authzen (failed)" };

describe("authzenPolicy", () => {
  it("asks as the API has it", async () => {
    const asked: unknown[] = [];
    const endpoint = await decisionPoint(
      async (request: IncomingMessage, response: ServerResponse) => {
        const { method, url, headers } = request;
        asked.push([
          method,
          url,
          headers["content-type"],
          headers.authorization,
          await json(request),
        ]);
        response.end('{"decision":true}');
      },
    );
    const policy = policyAt(endpoint, { headers: async () => ({ authorization: "Bearer pdp" }) });
    expect(await decisionFor(policy)).toEqual(allowed);
    const evaluation = {
      subject: {
        type: "workload",
        id: "spiffe://shop.example/checkout",
        properties: {
          trust_domain: "shop.example",
          credential: "x509-svid",
          proof: "svid-proof-1",
          binding: "full",
        },
      },
      action: { name: "GET" },
      resource: { type: "route", id: "/orders" },
    };
    expect(asked).toEqual([
      ["POST", "/access/v1/evaluation", "application/json", "Bearer pdp", evaluation],
    ]);
  });

  it("asks what the application wants asked", async () => {
    const asked: unknown[] = [];
    const endpoint = await decisionPoint(
      async (request: IncomingMessage, response: ServerResponse) => {
        asked.push(await json(request));
        response.end('{"decision":true}');
      },
    );
    const evaluation = {
      subject: { type: "service", id: "checkout" },
      action: { name: "read" },
      resource: { type: "order", id: "7" },
      context: { region: "eu" },
    };
    await decisionFor(policyAt(endpoint, { evaluation: () => evaluation }));
    expect(asked).toEqual([evaluation]);
  });

  it.each([
    ['{"decision":true}', allowed],
    ['{"decision":true,"context":{"reason":"7"}}', allowed],
    ['{"decision":false}', denied],
    ['{"decision":false,"context":{"reason":"policy_denied"}}', denied],
  ])("takes %s for an answer", async (text, decided) => {
    expect(await decisionFor(policyAt(await decisionPoint(saying(text))))).toEqual(decided);
  });

  it.each<[title: string, answer: RequestListener]>([
    ["a text", saying('{"decision":"true"}')],
    ["a number", saying('{"decision":1}')],
    ["no decision", saying("{}")],
    ["two decisions", saying('{"decision":false,"decision":true}')],
    ["a decision inside", saying('{"result":{"decision":true}}')],
    ["a list", saying('[{"decision":true}]')],
    ["a bare true", saying("true")],
    ["nothing", saying("")],
    ["HTML", saying("<html>decision: true</html>")],
    ["half of it", saying('{"decision":true')],
    ["too much", saying(`{"decision":true,"x":"${"a".repeat(70_000)}"}`)],
    ["status 201", saying('{"decision":true}', 201)],
    ["status 400", saying('{"decision":true}', 400)],
    ["status 401", saying('{"decision":true}', 401)],
    ["status 403", saying('{"decision":true}', 403)],
    ["status 500", saying('{"decision":true}', 500)],
    ["status 503", saying('{"decision":true}', 503)],
    ["a hang-up", (_, response) => void response.destroy()],
    [
      "a hang-up in the middle",
      (_, response) => {
        response.writeHead(200, { "content-length": "17" });
        response.write('{"decision":', () => response.destroy());
      },
    ],
  ])("fails on %s", async (_, answer) => {
    const endpoint = await decisionPoint(answer);
    expect(await decisionFor(policyAt(endpoint))).toEqual(failed);
    const open = policyAt(endpoint, { onFailure: "unsafe-allow" });
    expect(await decisionFor(open)).toEqual({ ...failed, effect: "allow" });
  });

  it("follows no redirect", async () => {
    const yes = await decisionPoint(saying('{"decision":true}'));
    const endpoint = await decisionPoint((_, response) => {
      response.writeHead(307, { location: yes }).end();
    });
    expect(await decisionFor(policyAt(endpoint))).toEqual(failed);
  });

  it("fails when the decision point is gone", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    const errors: unknown[] = [];
    const endpoint = `http://127.0.0.1:${port}/`;
    const policy = policyAt(endpoint, { onError: (error) => void errors.push(error) });
    expect(await decisionFor(policy)).toEqual(failed);
    expect(errors).toEqual([expect.any(Error)]);
  });

  it.each<[title: string, respond: (response: ServerResponse) => void]>([
    ["never answers", () => undefined],
    ["never ends its answer", (response) => void response.write('{"decision":')],
  ])("gives up on a decision point that %s", async (_, respond) => {
    const clock = createTestClock();
    const hungUp = new AbortController();
    const endpoint = await decisionPoint((request, response) => {
      request.socket.on("close", () => hungUp.abort());
      respond(response);
      setImmediate(() => clock.advance(100));
    });
    const policy = policyAt(endpoint, { clock, timeoutMilliseconds: 100 });
    expect(await decisionFor(policy)).toEqual({ effect: "deny", rule: "authzen (timeout)" });
    if (!hungUp.signal.aborted) await once(hungUp.signal, "abort");
  });

  it("keeps decisions by what was asked", async () => {
    const asked: string[] = [];
    const endpoint = await decisionPoint(
      async (request: IncomingMessage, response: ServerResponse) => {
        const { resource } = (await json(request)) as { resource: { id: string } };
        asked.push(resource.id);
        response.end(`{"decision":${resource.id === "/orders"}}`);
      },
    );
    const clock = createTestClock();
    const policy = policyAt(endpoint, { clock, cache: { ttlMilliseconds: 1000 } });
    const at = "2027-01-15T08:00:00Z";
    const ask = (request: string) => decisionFor(policy, { ...checkoutCall, request, at });
    expect(await ask("GET /orders")).toEqual(allowed);
    expect(await ask("GET /orders?other")).toEqual(allowed);
    expect(await ask("GET /admin")).toEqual(denied);
    expect(await ask("GET /admin")).toEqual(denied);
    expect(await ask("POST /orders")).toEqual(allowed);
    expect(asked).toEqual(["/orders", "/admin", "/orders"]);
  });

  it.each<[options: object, option: string]>([
    [{ endpoint: "http://pdp.internal/access/v1/evaluation" }, "endpoint"],
    [{ endpoint: "ftp://pdp.internal/" }, "endpoint"],
    [{ endpoint: "/access/v1/evaluation" }, "endpoint"],
    [{ endpoint: "https://user:secret@pdp.internal/" }, "endpoint"],
    [{ endpoint: "https://pdp.internal/#x" }, "endpoint"],
    [{ onFailure: "allow" }, "onFailure"],
    [{ onFailure: undefined }, "onFailure"],
    [{ headers: {} }, "headers"],
    [{ cache: true }, "cache"],
    [{ retries: 3 }, "retries"],
  ])("refuses the options %j", (options, option) => {
    const act = () =>
      authzenPolicy({
        endpoint: "https://pdp.internal/",
        onFailure: "deny",
        ...options,
      } as AuthzenPolicyOptions);
    expect(act).toThrow(expect.objectContaining({ option }));
  });
});
