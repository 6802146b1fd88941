import { setImmediate as nextTurn } from "node:timers/promises";
import type { TrustDomain } from "@firsthand/core";
import { mutualTlsDispatcher } from "@firsthand/node/undici";
import { createTestClock, createTrustDomain, type TestTrustDomain } from "@firsthand/testing";
import * as undici from "undici";
import { expect, it, onTestFinished } from "vitest";
import { checkoutId, ordersId, recordRefusals, startOrders } from "./mutual-tls-scene.js";

const rounds = 40;
const requestsAtOnce = 12;

/** An identity that renews its credential and its bundles apart, as the parts of an agent do. */
async function splitIdentity(domain: TestTrustDomain, id: string) {
  const [credential, bundles] = await Promise.all([domain.identity(id), domain.identity(id)]);
  return {
    credentials: () => credential.credentials(),
    trustBundle: (name: TrustDomain) => bundles.trustBundle(name),
    renewCredential: () => credential.renew(),
    renewBundles: () => bundles.renew(),
  };
}

async function createRotatingScene() {
  const clock = createTestClock();
  const domain = await createTrustDomain("shop.example", { clock });
  const [orders, checkout] = await Promise.all([
    splitIdentity(domain, ordersId),
    splitIdentity(domain, checkoutId),
  ]);
  return { clock, domain, orders, checkout };
}

type RotatingScene = Awaited<ReturnType<typeof createRotatingScene>>;

/** The life of a trust domain, in which a new authority is known everywhere before it is used. */
const steps: readonly ((scene: RotatingScene) => unknown)[] = [
  ({ orders }) => orders.renewCredential(),
  ({ checkout }) => checkout.renewCredential(),
  ({ domain }) => domain.rotateAuthorities(),
  ({ orders }) => orders.renewBundles(),
  ({ checkout }) => checkout.renewBundles(),
  ({ checkout }) => checkout.renewCredential(),
  ({ orders }) => orders.renewCredential(),
  ({ domain }) => domain.revokeOldAuthorities(),
  ({ orders }) => orders.renewBundles(),
  ({ checkout }) => checkout.renewBundles(),
];

it.each([{ connections: 4, pipelining: 1 }, { connections: 2, pipelining: 6 }, {}])(
  "no request fails while everything rotates, with %o",
  async (options) => {
    const scene = await createRotatingScene();
    const refusals = recordRefusals();
    const { origin, reached, server } = await startOrders(scene, {
      async handler(message, response) {
        await nextTurn();
        message.resume();
        response.end(message.url);
      },
    });
    let connections = 0;
    server.on("secureConnection", () => {
      connections += 1;
    });
    const peers = { [origin]: ordersId };
    const { checkout: identity, clock } = scene;
    const dispatcher = mutualTlsDispatcher({ identity, peers, clock, ...options });
    onTestFinished(() => dispatcher.destroy());

    const expected: string[] = [];
    const call = async (path: string) => {
      expected.push(path);
      const isRead = expected.length % 3 !== 0;
      const write = { method: "POST", body: "x".repeat(10_000) } as const;
      const sent = undici.request(origin + path, { dispatcher, ...(isRead ? {} : write) });
      const { statusCode, body } = await sent;
      expect([statusCode, await body.text()]).toEqual([200, path]);
    };
    const batch = (name: string) =>
      Array.from({ length: requestsAtOnce }, (_, index) => call(`/${name}/${index}`));

    for (let round = 0; round < rounds; round++) {
      const before = batch(`${round}/before`);
      await steps[round % steps.length]?.(scene);
      const after = batch(`${round}/after`);
      await Promise.all([...before, ...after]);
    }
    expect(refusals).toEqual([]);
    expect([...reached].sort()).toEqual([...expected].sort());
    expect(connections).toBeGreaterThan(rounds / 2);
  },
);
