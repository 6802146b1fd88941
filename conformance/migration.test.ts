import { once } from "node:events";
import { createServer } from "node:http";
import type { Server } from "node:net";
import type { Observation, VerifierOptions } from "@firsthand/core";
import {
  callerOf,
  isVerified,
  requireCaller,
  type WorkloadAuthOptions,
} from "@firsthand/core/http";
import * as expressAdapter from "@firsthand/express";
import * as fastifyAdapter from "@firsthand/fastify";
import type { RequestData } from "@firsthand/testing";
import express from "express";
import { fastify } from "fastify";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { adapters, portOf } from "./support/adapters.js";
import { sendRaw } from "./support/raw-http.js";
import {
  calleeId,
  callerId,
  createScene,
  origin,
  prove,
  type Scene,
  T,
  transfer,
} from "./support/scene.js";

/** Says whether it has a caller, what happens when it asks, and what it read. */
interface Told {
  readonly isVerified: boolean;
  readonly caller: string;
  readonly content: unknown;
}

const servers: Readonly<Record<string, (options: WorkloadAuthOptions) => Promise<Server>>> = {
  express: async (options) => {
    const app = express();
    app.use(expressAdapter.workloadAuth(options));
    app.use(express.json());
    app.use((request, response) => {
      const told: Told = {
        isVerified: isVerified(request),
        caller: answerOf(() => request.caller.id.toString()),
        content: request.body,
      };
      response.json(told);
    });
    app.use(expressAdapter.refusalHandler);
    const server = createServer(app);
    await once(server.listen(0, "127.0.0.1"), "listening");
    return server;
  },

  fastify: async (options) => {
    const app = fastify();
    await app.register(fastifyAdapter.workloadAuth, options);
    app.setErrorHandler(fastifyAdapter.refusalHandler);
    app.all(
      "*",
      async (request): Promise<Told> => ({
        isVerified: isVerified(request.raw),
        caller: answerOf(() => request.caller.id.toString()),
        content: request.body,
      }),
    );
    await app.listen({ host: "127.0.0.1", port: 0 });
    return app.server;
  },
};

function answerOf(ask: () => string): string {
  try {
    return ask();
  } catch (error) {
    return (error as { code: string }).code;
  }
}

let scene: Scene;
let server: Server | undefined;

beforeAll(async () => {
  scene = await createScene();
});

afterEach(() => server?.close());

const until = new Date((T + 3600) * 1000);
const json: RequestData = {
  ...transfer,
  headers: [...transfer.headers, ["Content-Type", "application/json"]],
};

async function start(name: string, options: Partial<VerifierOptions>) {
  const observed: Observation[] = [];
  server = await (servers[name] as (options: WorkloadAuthOptions) => Promise<Server>)({
    ...optionsWith(options),
    observer: (observation) => void observed.push(observation),
  });
  const port = portOf(server);
  return {
    observed,
    async send(request: RequestData) {
      const { status, body } = await sendRaw(port, request);
      return { status, told: JSON.parse(body) as Told };
    },
  };
}

function optionsWith(options: Partial<VerifierOptions>): WorkloadAuthOptions {
  const { callee: identity, clock } = scene;
  const policy = ({ id }: { readonly id: { toString(): string } }) => id.toString() === callerId;
  return { identity, origin, policy, clock, ...options };
}

describe.each(Object.keys(servers))("%s while callers migrate", (name) => {
  it("FC-002 lets a request pass without a caller, and records that it should not have", async () => {
    const { send, observed } = await start(name, { unsafeMigration: { unidentifiedUntil: until } });
    const { status, told } = await send(json);
    expect(status).toBe(200);
    expect(told).toEqual({
      isVerified: false,
      caller: "caller_unverified",
      content: { amount: 1 },
    });
    expect(observed).toMatchObject([{ decision: "unenforced", error: { code: "proof_missing" } }]);
  });

  it("FC-002 lets altered content of an observed caller through, without a caller", async () => {
    const callers = [{ ids: [callerId], mode: "observe", until }] as const;
    const { send, observed } = await start(name, { unsafeMigration: { callers } });
    const proved = await prove(scene, "svid-proof-1", json);
    const { status, told } = await send({ ...proved, body: Buffer.from('{"amount":9}') });
    expect(status).toBe(200);
    expect(told).toEqual({
      isVerified: false,
      caller: "caller_unverified",
      content: { amount: 9 },
    });
    expect(observed).toMatchObject([
      { decision: "unenforced", error: { code: "proof_body_mismatch" } },
    ]);
  });

  it("knows a caller that proves, observed or not", async () => {
    const callers = [{ ids: [callerId], mode: "observe", until }] as const;
    const { send } = await start(name, { unsafeMigration: { callers, unidentifiedUntil: until } });
    const { told } = await send(await prove(scene, "svid-proof-1", json));
    expect(told).toEqual({ isVerified: true, caller: callerId, content: { amount: 1 } });
  });

  it("knows a caller that may come with a JWT-SVID, and refuses its neighbour", async () => {
    const callers = [{ ids: [callerId], mode: "prefer", until }] as const;
    const { send } = await start(name, { unsafeMigration: { callers, audience: calleeId } });
    const bearer = async (id: string): Promise<RequestData> => {
      const token = await scene.domain.issueJwtSvid(id, { audience: [calleeId] });
      return { ...json, headers: [...json.headers, ["Authorization", `Bearer ${token}`]] };
    };
    expect(await send(await bearer(callerId))).toMatchObject({
      status: 200,
      told: { isVerified: true, caller: callerId },
    });
    expect(await send(await bearer("/ns/pay/sa/neighbour"))).toMatchObject({
      status: 401,
      told: { code: "proof_required" },
    });
  });

  it("refuses everything again after the end", async () => {
    const over = new Date(T * 1000);
    const callers = [{ ids: [callerId], mode: "observe", until: over }] as const;
    const { send } = await start(name, { unsafeMigration: { callers, unidentifiedUntil: over } });
    expect((await send(json)).status).toBe(401);
    const proved = await prove(scene, "svid-proof-1", json);
    expect((await send({ ...proved, body: Buffer.from('{"amount":9}') })).status).toBe(401);
  });
});

describe("requireCaller", () => {
  it.each([
    { unidentifiedUntil: until },
    { callers: [{ ids: [callerId], mode: "observe", until }] as const },
  ])("does not observe: its listener is promised a caller (%o)", (unsafeMigration) => {
    const listener = requireCaller.bind(null, optionsWith({ unsafeMigration }), () => undefined);
    expect(listener).toThrow(expect.objectContaining({ option: "unsafeMigration" }));
  });

  it("may take JWT-SVIDs", async () => {
    const callers = [{ ids: [callerId], mode: "prefer", until }] as const;
    const unsafeMigration = { callers, audience: calleeId };
    const { "node:http": adapter } = adapters;
    server = await adapter?.(optionsWith({ unsafeMigration }));
    const token = await scene.domain.issueJwtSvid(callerId, { audience: [calleeId] });
    const headers = [...json.headers, ["Authorization", `Bearer ${token}`]] as const;
    const { body } = await sendRaw(portOf(server as Server), { ...json, headers });
    expect(JSON.parse(body)).toMatchObject({ caller: callerId });
  });
});

it("has no caller to tell of a message that nobody verified", () => {
  const message = { rawHeaders: [] } as never;
  expect(isVerified(message)).toBe(false);
  expect(() => callerOf(message)).toThrow("was not verified");
});
