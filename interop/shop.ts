import type { Scope } from "./runner/scope.js";
import type { Call, LoadReport } from "./service/messages.js";
import { idOf, openService, type RegisteredService, type World } from "./world.js";

/** Lifetime of the SVIDs. SPIRE dates them back by ten seconds and renews at half of the whole. */
const ttlSeconds = 16;

/** Two services that may call each other, with SVIDs that live for seconds. */
export interface Shop {
  /** On Express. */
  readonly checkout: RegisteredService;
  /** On Fastify. */
  readonly orders: RegisteredService;
}

export async function openShop(world: World, scope: Scope): Promise<Shop> {
  const [checkout, orders] = await Promise.all([
    openService(world, scope, {
      name: "checkout",
      framework: "express",
      allow: [idOf("orders")],
      entry: { ttlSeconds },
    }),
    openService(world, scope, {
      name: "orders",
      framework: "fastify",
      allow: [idOf("checkout"), idOf("leftover")],
      entry: { ttlSeconds },
    }),
  ]);
  return { checkout, orders };
}

/** A request to a service, with the content that makes its proof bind one. */
export function callTo({ service, id }: RegisteredService, content?: string): Call {
  return { url: service.url, peer: id, content };
}

/** Has both services call each other without a pause while something happens. */
export async function underLoad(
  { checkout, orders }: Shop,
  happening: () => Promise<void>,
): Promise<LoadReport> {
  await checkout.service.perform("startLoad", [callTo(orders), callTo(orders, "two teapots")]);
  await orders.service.perform("startLoad", [callTo(checkout), callTo(checkout, "paid")]);
  const stop = () =>
    Promise.all([checkout, orders].map(({ service }) => service.perform("stopLoad")));
  try {
    await happening();
  } catch (error) {
    await stop().catch(() => undefined); // the first error says more
    throw error;
  }
  const reports = await stop();
  return {
    succeeded: reports.reduce((sum, { succeeded }) => sum + succeeded, 0),
    failures: reports.flatMap(({ failures }) => failures),
  };
}
