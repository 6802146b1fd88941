import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { setImmediate } from "node:timers/promises";
import { allow, type WorkloadIdentity } from "@firsthand/core";
import { requireCaller } from "@firsthand/core/http";
import { createFetch, openWorkloadIdentity, type WorkloadApiIdentity } from "@firsthand/node";
import {
  createTrustDomain,
  serveWorkloadApi,
  type TestTrustDomain,
  type WorkloadApiServer,
} from "@firsthand/testing";
import { describe, expect, it, onTestFinished } from "vitest";

const checkoutId = "spiffe://shop.example/checkout";
const ordersId = "spiffe://shop.example/orders";

/** A workload with its own Workload API, as every process has it. */
interface Workload {
  readonly api: WorkloadApiServer;
  readonly identity: WorkloadApiIdentity;
}

async function startWorkload(trustDomain: TestTrustDomain, path: string): Promise<Workload> {
  const api = await serveWorkloadApi({ trustDomain, workloads: [path] });
  onTestFinished(() => api.close());
  const identity = await openWorkloadIdentity({
    address: api.address,
    expectedTrustDomain: trustDomain.name,
  });
  onTestFinished(() => identity.close());
  return { api, identity };
}

/** Serves orders to checkout, and answers with what it got. @returns its origin */
async function serveOrders(identity: WorkloadIdentity): Promise<string> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  onTestFinished(() => server.closeAllConnections());
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  const options = { identity, origin, policy: allow(checkoutId) };
  server.on(
    "request",
    requireCaller(options, async (request, response, caller) => {
      const { thumbprint } = caller.credential;
      const order = request.method === "POST" ? await json(request) : undefined;
      response.end(JSON.stringify({ from: caller.id.toString(), thumbprint, order }));
    }),
  );
  return origin;
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await setImmediate();
}

/** New SVIDs for all, which have taken them in when this resolves. */
async function rotate(workloads: readonly Workload[]): Promise<void> {
  await Promise.all(
    workloads.map(async ({ api, identity }) => {
      const before = identity.credentials();
      await api.rotate();
      await until(() => identity.credentials().every((one) => !before.includes(one)));
    }),
  );
}

/** The newest bundles for all, which have taken them in when this resolves. */
async function pushBundles(domain: TestTrustDomain, workloads: readonly Workload[]): Promise<void> {
  const document = await domain.bundle();
  const isCurrent = (identity: WorkloadIdentity) => {
    const bundle = identity.trustBundle(domain.name);
    return (
      bundle?.x509Authorities.length === document.x509Authorities.length &&
      bundle.witAuthorities.size === document.witAuthorities.size
    );
  };
  await Promise.all(
    workloads.map(async ({ api, identity }) => {
      await api.pushBundles();
      await until(() => isCurrent(identity));
    }),
  );
}

interface Answer {
  readonly from: string;
  readonly thumbprint: string;
  readonly order?: unknown;
}

/** Asks without a pause, four times in parallel with each fetch, and counts what went well. */
function startLoad(origin: string, ...fetches: readonly (typeof globalThis.fetch)[]) {
  const thumbprints = new Set<string>();
  const counts: number[] = [];
  let isOver = false;

  async function ask(fetch: typeof globalThis.fetch, loop: number): Promise<void> {
    for (let turn = 0; !isOver; turn++) {
      counts[loop] = turn;
      const order = { loop, turn };
      const init = turn % 2 === 0 ? undefined : { method: "POST", body: JSON.stringify(order) };
      const response = await fetch(`${origin}/orders?turn=${turn}`, init);
      const answer = (await response.json()) as Answer;
      expect([response.status, answer.from]).toEqual([200, checkoutId]);
      if (init !== undefined) expect(answer.order).toEqual(order);
      thumbprints.add(answer.thumbprint);
    }
  }

  const loops = fetches.flatMap((fetch) => [fetch, fetch, fetch, fetch]).map(ask);
  const ended = Promise.all(loops);
  ended.catch(() => undefined); // it is awaited with everything else
  return {
    thumbprints,
    /** Resolves when each loop has ended the request that is under way now, and one more. */
    async drained() {
      const before = [...counts];
      const isDrained = () => counts.every((count, loop) => count >= (before[loop] ?? 0) + 2);
      await Promise.race([until(isDrained), ended]);
    },
    /** How many were answered. */
    async end() {
      isOver = true;
      await ended;
      return counts.reduce((sum, count) => sum + count);
    },
  };
}

describe("services under load", () => {
  it("lose no request while SVIDs and authorities rotate a hundred times", async () => {
    const domain = await createTrustDomain("shop.example");
    const orders = await startWorkload(domain, "/orders");
    const checkout = await startWorkload(domain, "/checkout");
    const workloads = [orders, checkout];
    const origin = await serveOrders(orders.identity);
    const proving = (format: "svid-proof-1" | "wpt-02") =>
      checkout.identity.fetch({ peers: { [origin]: { id: ordersId, accept: [format] } } });
    const load = startLoad(origin, proving("svid-proof-1"), proving("wpt-02"));
    for (let rotation = 1; rotation <= 100; rotation++) {
      if (rotation % 10 === 0) {
        await domain.rotateAuthorities();
        await pushBundles(domain, workloads);
      }
      await rotate(workloads);
      await load.drained();
      if (rotation % 10 === 0) {
        domain.revokeOldAuthorities();
        await pushBundles(domain, workloads);
      }
    }
    expect(await load.end()).toBeGreaterThanOrEqual(1600);
    expect(load.thumbprints.size).toBeGreaterThanOrEqual(200);
    expect(workloads.map(({ identity }) => identity.state.status)).toEqual(["ready", "ready"]);
  });

  it("refuse a removed authority from the first request after the update on", async () => {
    const domain = await createTrustDomain("shop.example");
    const orders = await startWorkload(domain, "/orders");
    const checkout = await startWorkload(domain, "/checkout");
    const origin = await serveOrders(orders.identity);
    const credentials = checkout.identity.credentials();
    const revoked = { credentials: () => credentials };
    const fetch = createFetch({ identity: revoked, peers: { [origin]: ordersId } });
    const statusNow = async () => (await fetch(origin)).status;

    await domain.rotateAuthorities();
    await pushBundles(domain, [orders]);
    await rotate([orders]);
    expect(await statusNow()).toBe(200);

    domain.revokeOldAuthorities();
    const bundles = () => orders.identity.trustBundle(domain.name)?.x509Authorities.length;
    const statusAfterUpdate = new Promise<number>((resolve, reject) => {
      const end = orders.identity.subscribe(() => {
        if (bundles() !== 1) return;
        end();
        statusNow().then(resolve, reject);
      });
    });
    const pushedAt = performance.now();
    await orders.api.pushBundles();
    while ((await statusNow()) === 200);
    const tookMilliseconds = performance.now() - pushedAt;
    expect(await statusAfterUpdate).toBe(401);
    expect(tookMilliseconds).toBeLessThan(1000); // what is promised; it takes a few
  });
});
