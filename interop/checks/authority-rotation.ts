import assert from "node:assert/strict";
import { realpath } from "node:fs/promises";
import { staticSource, validateJwtSvid } from "@firsthand/core";
import { createFetch, openWorkloadIdentity } from "@firsthand/node";
import { selectorsOf } from "../process/workload-executables.js";
import { say } from "../runner/say.js";
import { withScope } from "../runner/scope.js";
import { waitFor, waitUntil } from "../runner/wait.js";
import type { LoadReport } from "../service/messages.js";
import { type Shop, underLoad } from "../shop.js";
import { Authorities } from "../spire/authorities.js";
import { mintX509Credential } from "../spire/mint.js";
import type { SpireAgent } from "../spire/spire-agent.js";
import { directoryIn, idOf, trustDomain, type World } from "../world.js";
import { assertAccepted, assertRefused, assertUndisturbed } from "./expectations.js";

const propagationMilliseconds = 20_000;
/** SPIRE's agent works on tainted SVIDs in batches. */
const taintMilliseconds = 40_000;

export async function checkAuthorityRotation(world: World, shop: Shop): Promise<void> {
  await checkX509Authorities(world, shop);
  await checkJwtAuthorities(world);
}

async function checkX509Authorities(world: World, shop: Shop): Promise<void> {
  const { report, server, agent } = world;
  const services = Object.values(shop).map(({ service }) => service);
  const { service: orders, id: ordersId } = shop.orders;
  const authorities = new Authorities(server, "x509");

  // An SVID that stays valid for an hour, of the authority that will be revoked.
  const directory = await directoryIn(world.directory, "leftover");
  const leftover = await mintX509Credential(server, idOf("leftover"), directory);
  const identity = staticSource({ credentials: [leftover], bundles: [] });
  const callAsLeftover = async () => {
    const fetch = createFetch({ identity, peers: { [orders.origin]: ordersId } });
    const response = await fetch(orders.url);
    return { status: response.status, body: await response.json() };
  };

  await report.check(
    "an authority is prepared, activated, tainted, revoked; no request fails",
    async () => {
      assertAccepted(await callAsLeftover(), { caller: idOf("leftover") });
      const everyServiceHas = (count: number) =>
        waitUntil(`bundles with ${count} authorities`, propagationMilliseconds, async () => {
          const counts = await Promise.all(
            services.map((service) => service.perform("countAuthorities", trustDomain)),
          );
          return counts.every((counted) => counted === count);
        });
      const before = await withdrawalsOf(services);
      const load = await underLoad(shop, async () => {
        const old = await authorities.active();
        const agentSerial = await agent.serialNumber();
        const fresh = await authorities.prepare();
        await everyServiceHas(2);
        await authorities.activate(fresh);
        const held = await Promise.all(services.map((service) => service.status()));
        await authorities.taint(old);
        await waitUntil("the agent has another SVID", taintMilliseconds, async () => {
          return (await agent.serialNumber()) !== agentSerial;
        });
        for (const [at, service] of services.entries()) {
          await waitUntil(`${service.name} has another SVID`, taintMilliseconds, async () => {
            const { thumbprints } = await service.status();
            return thumbprints.length > (held[at]?.thumbprints.length ?? 0) + 1;
          });
        }
        await authorities.revoke(old);
        await everyServiceHas(1);
      });
      const withdrawals = (await withdrawalsOf(services)) - before;
      assertUndisturbed(withdrawals === 0 ? load : withoutWithdrawn(load, withdrawals));
    },
  );

  await report.check(
    "what the revoked authority signed is refused from its removal on",
    async () => {
      await orders.status();
      assertRefused(await callAsLeftover(), 401, "credential_invalid");
      assert.deepEqual((await orders.status()).refusals, ["certificate_untrusted"]);
    },
  );
}

type Service = Shop["orders"]["service"];

async function withdrawalsOf(services: readonly Service[]): Promise<number> {
  const states = await Promise.all(services.map((service) => service.status()));
  return states.reduce((sum, { withdrawals }) => sum + withdrawals, 0);
}

/**
 * The requests that did not fail because SPIRE had taken an identity back. Its agent drops tainted SVIDs before
 * it has others. Whose stream has news in between hears that there is no identity, and stops using the
 * one it had, as the specification of the Workload API asks.
 */
function withoutWithdrawn(load: LoadReport, withdrawals: number): LoadReport {
  const failures = load.failures.filter((line) => {
    const { error, status } = JSON.parse(line) as { error?: string; status?: number };
    return error !== "source_expired" && status !== 503;
  });
  const failed = load.failures.length - failures.length;
  say(`       SPIRE took identities back ${withdrawals} times, which ended ${failed} requests`);
  return { ...load, failures };
}

async function checkJwtAuthorities({ report, server, agent }: World): Promise<void> {
  const audience = "https://rotation.test";

  await report.check(
    "JWT: after its authority was revoked an SVID is refused, the next one is good",
    () =>
      withScope(async (scope) => {
        const { address } = agent;
        const identity = scope.add(await openWorkloadIdentity({ address, id: idOf("suite") }));
        const authorities = new Authorities(server, "jwt");
        await registerCommandLine(agent);
        const { token: before } = await identity.jwtSvid({ audience });
        await validateJwtSvid(before, { identity, audience });

        const old = await authorities.active();
        await authorities.activate(await authorities.prepare());
        await authorities.taint(old);
        await waitUntil("a JWT-SVID of the new authority", taintMilliseconds, async () => {
          return claimedKeyId(await agent.jwtSvid(audience)) !== old;
        });
        await authorities.revoke(old);
        await waitUntil("the old SVID is refused", propagationMilliseconds, async () => {
          const refused = await validateJwtSvid(before, { identity, audience }).catch(
            ({ code }) => code,
          );
          return refused === "token_key_unknown";
        });
        const after = await waitFor("a good SVID", propagationMilliseconds, async () => {
          const { token } = await identity.jwtSvid({ audience });
          return validateJwtSvid(token, { identity, audience });
        });
        assert.equal(after.id.toString(), idOf("suite"));
      }),
  );
}

/** The command line of the agent shares the identity of the suite, and the agent's cache with it. */
async function registerCommandLine(agent: SpireAgent): Promise<void> {
  const executable = await realpath(agent.server.tools.agent);
  await agent.register({ id: idOf("suite"), selectors: selectorsOf(executable) });
}

function claimedKeyId(token: string): unknown {
  const [header = ""] = token.split(".");
  return (JSON.parse(Buffer.from(header, "base64url").toString()) as { kid?: unknown }).kid;
}
