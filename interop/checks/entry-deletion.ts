import assert from "node:assert/strict";
import { waitUntil } from "../runner/wait.js";
import { callTo, type Shop } from "../shop.js";
import type { World } from "../world.js";
import { assertAccepted, assertRefused } from "./expectations.js";

/** SPIRE's two caches of a second each, and some patience. */
const withdrawalMilliseconds = 10_000;
const returnMilliseconds = 40_000;

export async function checkEntryDeletion({ report, server, agent }: World, shop: Shop) {
  const { checkout, orders } = shop;

  await report.check(
    "an entry is deleted: the identity is withdrawn, long before it expires",
    async () => {
      await server.deleteEntry(orders.entryId);
      await waitUntil("orders has no identity", withdrawalMilliseconds, async () => {
        return (await orders.service.status()).status === "expired";
      });
      const { reason } = await orders.service.status();
      assert.equal(reason, "workload_unregistered");
    },
  );

  await report.check("a service without identity neither calls nor is called", async () => {
    const out = await orders.service.perform("call", callTo(checkout));
    assert.deepEqual(out, { error: "source_expired" });
    const into = await checkout.service.perform("call", callTo(orders));
    assertRefused(into, 503, "unavailable");
    assert.deepEqual((await orders.service.status()).refusals, ["trust_unavailable"]);
  });

  await report.check("the entry is back, and so is the identity", async () => {
    await agent.register(orders.entry);
    await waitUntil("orders has its identity", returnMilliseconds, async () => {
      return (await orders.service.status()).status === "ready";
    });
    assertAccepted(await orders.service.perform("call", callTo(checkout)), { caller: orders.id });
  });
}
