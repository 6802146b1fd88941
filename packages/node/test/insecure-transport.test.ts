import {
  Agent,
  EnvHttpProxyAgent,
  getGlobalDispatcher,
  interceptors,
  ProxyAgent,
  request,
  setGlobalDispatcher,
  fetch as undiciFetch,
} from "undici";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { createFetch } from "../src/index.js";
import { proveRequests } from "../src/undici/index.js";
import { startServer } from "./recording-server.js";
import { expectCode, expectProved, knowing, serverCa, serverTls } from "./shop.js";

const unverified = { connect: { rejectUnauthorized: false } };

const insecure = {
  Agent: () => new Agent(unverified),
  "Agent with tls": () => new Agent({ tls: { rejectUnauthorized: false } } as Agent.Options),
  "Agent with interceptors": () => new Agent(unverified).compose(interceptors.retry()),
  ProxyAgent: () =>
    new ProxyAgent({ uri: "http://127.0.0.1:1", requestTls: { rejectUnauthorized: false } }),
  EnvHttpProxyAgent: () => new EnvHttpProxyAgent(unverified as object),
  "EnvHttpProxyAgent that goes around its proxy": () =>
    new EnvHttpProxyAgent({
      ...unverified,
      httpsProxy: "http://127.0.0.1:1",
      noProxy: "*",
    } as object),
  "EnvHttpProxyAgent with a proxy": () =>
    new EnvHttpProxyAgent({
      httpsProxy: "http://127.0.0.1:1",
      requestTls: { rejectUnauthorized: false },
    } as object),
};

describe.each([
  ["the global fetch", globalThis.fetch],
  ["the fetch of undici", undiciFetch],
])("over %s", (_, fetch) => {
  it.each(Object.entries(insecure))("FW-012 refuses a %s without verification", async (_, make) => {
    const { origin, requests } = await startServer({ tls: serverTls });
    const dispatcher = make();
    onTestFinished(() => dispatcher.destroy());
    const sent = createFetch({ ...knowing(origin), fetch })(origin, { dispatcher } as object);
    await expectCode(sent, "transport_insecure");
    expect(requests).toHaveLength(0);
  });

  it("FW-012 refuses a global dispatcher without verification, unless it is not used", async () => {
    const { origin, requests } = await startServer({ tls: serverTls });
    const before = getGlobalDispatcher();
    const [agent, verifying] = [new Agent(unverified), new Agent({ connect: { ca: serverCa } })];
    onTestFinished(async () => {
      setGlobalDispatcher(before);
      await agent.destroy();
      await verifying.destroy();
    });
    setGlobalDispatcher(agent);
    const proved = createFetch({ ...knowing(origin), fetch });
    await expectCode(proved(origin), "transport_insecure");
    expect(requests).toHaveLength(0);
    await proved(origin, { dispatcher: verifying } as object);
    await expectProved(requests[0], origin);
  });

  it.each(["undici.globalDispatcher.1", "undici.globalDispatcher.2"])(
    "FW-012 refuses a global dispatcher without verification at %s",
    async (slot) => {
      const { origin, requests } = await startServer({ tls: serverTls });
      const before = Reflect.get(globalThis, Symbol.for(slot));
      Reflect.set(globalThis, Symbol.for(slot), new Agent(unverified));
      onTestFinished(() => void Reflect.set(globalThis, Symbol.for(slot), before));
      await expectCode(createFetch({ ...knowing(origin), fetch })(origin), "transport_insecure");
      expect(requests).toHaveLength(0);
    },
  );

  it("FW-012 refuses everything while NODE_TLS_REJECT_UNAUTHORIZED is 0", async () => {
    const { origin, requests } = await startServer({ tls: serverTls });
    const dispatcher = new Agent({ connect: { ca: serverCa } });
    onTestFinished(() => dispatcher.destroy());
    const proved = createFetch({ ...knowing(origin), fetch });
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    onTestFinished(() => void vi.unstubAllEnvs());
    await expectCode(proved(origin, { dispatcher } as object), "transport_insecure");
    expect(requests).toHaveLength(0);
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "1");
    await proved(origin, { dispatcher } as object);
    await expectProved(requests[0], origin);
  });

  it("FW-012 leaves it to TLS to refuse a server that nobody vouches for", async () => {
    const { origin, requests } = await startServer({ tls: serverTls });
    await expect(createFetch({ ...knowing(origin), fetch })(origin)).rejects.toThrow(
      "fetch failed",
    );
    expect(requests).toHaveLength(0);
  });

  it("does not mind where there is no TLS, on loopback", async () => {
    const { origin, requests } = await startServer();
    const dispatcher = new Agent(unverified);
    onTestFinished(() => dispatcher.destroy());
    await createFetch({ ...knowing(origin), fetch })(origin, { dispatcher } as object);
    await expectProved(requests[0], origin);
  });
});

describe("proveRequests", () => {
  it("FW-012 refuses a dispatcher without verification where undici passes it on", async () => {
    const { origin, requests } = await startServer({ tls: serverTls });
    const agent = new Agent(unverified);
    onTestFinished(() => agent.destroy());
    const dispatcher = agent.compose(proveRequests(knowing(origin)));
    await expectCode(request(origin, { dispatcher }), "transport_insecure");
    expect(requests).toHaveLength(0);
  });

  it("FW-012 refuses everything while NODE_TLS_REJECT_UNAUTHORIZED is 0", async () => {
    const { origin, requests } = await startServer({ tls: serverTls });
    const agent = new Agent({ connect: { ca: serverCa } });
    onTestFinished(() => agent.destroy());
    const dispatcher = agent.compose(proveRequests(knowing(origin)));
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    onTestFinished(() => void vi.unstubAllEnvs());
    await expectCode(request(origin, { dispatcher }), "transport_insecure");
    expect(requests).toHaveLength(0);
  });
});
