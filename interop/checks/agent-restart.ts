import assert from "node:assert/strict";
import type { CredentialErrorCode } from "@firsthand/core";
import { waitUntil } from "../runner/wait.js";
import { callTo, type Shop, underLoad } from "../shop.js";
import type { RegisteredService, World } from "../world.js";
import { assertAccepted } from "./expectations.js";

const noticeMilliseconds = 10_000;
const expiryMilliseconds = 40_000;
/** Twice the longest pause between attempts. */
const returnMilliseconds = 70_000;

export async function checkAgentRestart({ report, agent }: World, shop: Shop): Promise<void> {
  const { checkout, orders } = shop;
  const both = [checkout, orders];

  await report.check("the agent is killed: the identity is stale and goes on working", async () => {
    const load = await underLoad(shop, async () => {
      await agent.kill();
      await becomes(both, "stale", noticeMilliseconds, "endpoint_unreachable");
      const result = await checkout.service.perform("call", callTo(orders));
      assertAccepted(result, { caller: checkout.id });
    });
    assert.equal(load.failures.length, 0, load.failures[0]);
  });

  await report.check(
    "the SVIDs run out: the identity is expired and requests end here",
    async () => {
      await becomes(both, "expired", expiryMilliseconds);
      const result = await checkout.service.perform("call", callTo(orders));
      assert.deepEqual(result, { error: "source_expired" });
    },
  );

  await report.check("the agent is back: the identity is ready and works again", async () => {
    await agent.run();
    await becomes(both, "ready", returnMilliseconds);
    const result = await checkout.service.perform("call", callTo(orders));
    assertAccepted(result, { caller: checkout.id });
  });
}

async function becomes(
  services: readonly RegisteredService[],
  status: "ready" | "stale" | "expired",
  milliseconds: number,
  reason?: CredentialErrorCode,
): Promise<void> {
  for (const { service } of services) {
    await waitUntil(`${service.name} is ${status}`, milliseconds, async () => {
      const seen = await service.status();
      return seen.status === status && (reason === undefined || seen.reason === reason);
    });
  }
}
