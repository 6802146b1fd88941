import assert from "node:assert/strict";
import { createFetch } from "@firsthand/node";
import { createTrustDomain } from "@firsthand/testing";
import { withScope } from "../runner/scope.js";
import { callTo } from "../shop.js";
import { idOf, openService, type RegisteredService, trustDomain, type World } from "../world.js";
import { assertAccepted, assertRefused } from "./expectations.js";

/** Three processes, each with its own identity from the agent. */
export function checkProofs(world: World): Promise<void> {
  return withScope(async (scope) => {
    const [store, stock, visitor] = await Promise.all([
      openService(world, scope, { name: "store", framework: "express", allow: [idOf("stock")] }),
      openService(world, scope, { name: "stock", framework: "fastify", allow: [idOf("store")] }),
      openService(world, scope, { name: "visitor", framework: "express", allow: [idOf("store")] }),
    ]);
    await checkSvidProofs(world, store, stock);
    await checkRefusals(world, [store, stock], visitor);
  });
}

async function checkSvidProofs(
  { report }: World,
  store: RegisteredService,
  stock: RegisteredService,
): Promise<void> {
  const expected = { credential: "x509-svid", proof: "svid-proof-1" } as const;

  await report.check("SVID-Proof: a service on Express calls one on Fastify", async () => {
    const result = await store.service.perform("call", callTo(stock, "two teapots"));
    assertAccepted(result, { ...expected, caller: store.id, content: "two teapots" });
  });

  await report.check("SVID-Proof: a service on Fastify calls one on Express", async () => {
    const result = await stock.service.perform("call", callTo(store, "they are there"));
    assertAccepted(result, { ...expected, caller: stock.id, content: "they are there" });
  });
}

async function checkRefusals(
  { report }: World,
  services: readonly RegisteredService[],
  visitor: RegisteredService,
): Promise<void> {
  await report.check("a workload that the policy does not name is refused", async () => {
    for (const target of services) {
      const result = await visitor.service.perform("call", callTo(target));
      assertRefused(result, 403, "forbidden");
      const { refusals } = await target.service.status();
      assert.deepEqual(refusals, ["caller_forbidden"]);
    }
  });

  await report.check("the same SPIFFE ID from another authority is refused", async () => {
    const impostors = await createTrustDomain(trustDomain);
    const [store, stock] = services as readonly [RegisteredService, RegisteredService];
    const identity = await impostors.identity(store.id);
    const { origin, url } = stock.service;
    const response = await createFetch({ identity, peers: { [origin]: stock.id } })(url);
    assertRefused(
      { status: response.status, body: await response.json() },
      401,
      "credential_invalid",
    );
    const { refusals } = await stock.service.status();
    assert.deepEqual(refusals, ["certificate_untrusted"]);
  });

  await report.check("a request without a proof is refused", async () => {
    for (const { service } of services) {
      const response = await fetch(service.url);
      assertRefused(
        { status: response.status, body: await response.json() },
        401,
        "proof_required",
      );
      assert.match(response.headers.get("www-authenticate") ?? "", /SVID-Proof/);
    }
  });
}
