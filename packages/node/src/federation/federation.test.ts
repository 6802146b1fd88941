import { createServer } from "node:https";
import { allowTrustDomain, createVerifier, type WorkloadIdentity } from "@firsthand/core";
import { createTestClock, createTrustDomain } from "@firsthand/testing";
import { expect, it, onTestFinished } from "vitest";
import { startServer } from "../../test/recording-server.js";
import { createFetch } from "../create-fetch.js";
import { openBundleEndpoint } from "./bundle-endpoint.js";
import { bundleHandler } from "./bundle-handler.js";
import { serve, watchDelays } from "./endpoint-server.test-support.js";
import { federate } from "./federate.js";
import { spiffeTlsServer } from "./spiffe-tls-server.js";

const refresh = 60;

/**
 * `a.example` has a service that trusts callers of `b.example` by the bundle that `b.example` serves,
 * over TLS with its own SVID.
 */
async function createScene() {
  const clock = watchDelays(createTestClock(Date.now()));
  const [a, b] = await Promise.all([
    createTrustDomain("a.example", { clock }),
    createTrustDomain("b.example", { clock }),
  ]);
  const [keys, trust] = await Promise.all([b.identity("/bundles"), b.identity("/bundles")]);
  const publisher: WorkloadIdentity = {
    credentials: () => keys.credentials(),
    trustBundle: (name) => trust.trustBundle(name),
  };
  const bundles = await serve(
    (listener) =>
      spiffeTlsServer((tls) => createServer(tls, listener), { identity: publisher, clock }),
    bundleHandler(publisher, { refreshHintSeconds: refresh, clock }),
  );
  const endpoint = await openBundleEndpoint({
    trustDomain: "b.example",
    url: bundles.url,
    profile: { kind: "https_spiffe", id: "spiffe://b.example/bundles" },
    initialBundle: await b.bundle(),
    clock,
  });
  onTestFinished(() => endpoint.close());
  const service = await startServer();
  const verifier = createVerifier({
    identity: federate(await a.identity("/orders"), endpoint),
    origin: service.origin,
    policy: allowTrustDomain("b.example"),
    clock,
  });
  clock.advance({ seconds: 31 }); // past the window in which the replay guard knows nothing

  /** What becomes of a call of a workload: its SPIFFE ID, or the code of the refusal. */
  async function call(identity: WorkloadIdentity): Promise<string> {
    const peers = { [service.origin]: "spiffe://a.example/orders" };
    await createFetch({ identity, peers, clock })(`${service.origin}/orders`);
    const request = service.requests.at(-1);
    if (request === undefined) return expect.fail("nothing arrived");
    const { method, target, headers } = request;
    return verifier.verify({ method, target, headers, content: undefined }).then(
      ({ id }) => id.toString(),
      ({ code }) => code,
    );
  }

  return { a, b, bundles, call, clock, endpoint, keys, trust };
}

it("lets workloads of a federated trust domain in, until it revokes their authority", async () => {
  const { b, call, clock, endpoint, keys, trust } = await createScene();
  const caller = await b.identity("/checkout");
  expect(await call(caller)).toBe("spiffe://b.example/checkout");

  await b.rotateAuthorities();
  await trust.renew();
  await clock.pass(refresh);
  expect(await call(caller)).toBe("spiffe://b.example/checkout");

  await keys.renew();
  b.revokeOldAuthorities();
  await trust.renew();
  expect(await call(caller)).toBe("spiffe://b.example/checkout");
  await clock.pass(refresh);
  expect(endpoint.state.status).toBe("ready");
  expect(await call(caller)).toBe("certificate_untrusted");
  await caller.renew();
  expect(await call(caller)).toBe("spiffe://b.example/checkout");
});

it("TB-006 lets nobody in that b.example speaks for without being it", async () => {
  const { a, b, call } = await createScene();
  const other = await createTrustDomain("c.example", { clock: b.clock });
  expect(await call(await other.identity("/checkout"))).toBe("trust_domain_unknown");
  expect(await call(await a.identity("/checkout"))).toBe("caller_forbidden");
});

it("lets nobody in any more when the endpoint is silent for too long", async () => {
  const { b, bundles, call, clock, endpoint } = await createScene();
  bundles.answer = (_request, response) => response.destroy();
  const caller = await b.identity("/checkout");
  await clock.pass(refresh);
  expect(endpoint.state.status).toBe("stale");
  expect(await call(caller)).toBe("spiffe://b.example/checkout");
  const next = clock.waitFor(refresh);
  clock.advance({ seconds: 3 * 86_400 });
  await next;
  expect(endpoint.state.status).toBe("expired");
  await caller.renew();
  expect(await call(caller)).toBe("trust_unavailable");
});
