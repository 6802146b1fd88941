import assert from "node:assert/strict";
import { join } from "node:path";
import { type Scope, withScope } from "../runner/scope.js";
import { waitUntil } from "../runner/wait.js";
import { callTo } from "../shop.js";
import { Authorities } from "../spire/authorities.js";
import { federate, refresh } from "../spire/federate.js";
import { SpireAgent } from "../spire/spire-agent.js";
import { SpireServer } from "../spire/spire-server.js";
import {
  directoryIn,
  idOf,
  openService,
  type RegisteredService,
  trustDomain,
  type World,
} from "../world.js";
import { checkBundleEndpoints } from "./bundle-endpoints.js";
import { assertAccepted, assertRefused } from "./expectations.js";

const partnerDomain = "partner.test";
const propagationMilliseconds = 20_000;

/** The same again in another trust domain. */
interface Partner {
  readonly server: SpireServer;
  readonly agent: SpireAgent;
  readonly directory: string;
}

export function checkFederation(world: World): Promise<void> {
  return withScope(async (scope) => {
    const partner = await openPartner(world, scope);
    const depot = await checkServices(world, partner, scope);
    await checkBundleEndpoints(world, partner.server, depot);
  });
}

async function openPartner(world: World, scope: Scope): Promise<Partner> {
  const directory = await directoryIn(world.directory, "partner");
  const { tools } = world.server;
  const options = { trustDomain: partnerDomain, directory: join(directory, "server") };
  const server = scope.add(await SpireServer.start(tools, { ...options, web: world.web }));
  const agent = scope.add(await SpireAgent.start(server, join(directory, "agent")));
  return { server, agent, directory };
}

/** Returns the service of the partner, for what comes next. */
async function checkServices(
  world: World,
  partner: Partner,
  scope: Scope,
): Promise<RegisteredService> {
  const { report, server } = world;

  await report.check("two SPIRE servers federate, by https_web and by https_spiffe", async () => {
    const url = partner.server.bundleUrl;
    await federate(server, world.directory, { trustDomain: partnerDomain, url });
    await federate(partner.server, partner.directory, {
      trustDomain,
      url: server.bundleUrl,
      spiffe: { id: server.id, bundle: await server.bundle() },
    });
  });

  const branchId = idOf("branch");
  const [branch, hermit, depot] = await Promise.all([
    openService(world, scope, {
      name: "branch",
      framework: "express",
      allow: [idOf("depot", partnerDomain)],
      entry: { federatesWith: [partnerDomain] },
    }),
    openService(world, scope, {
      name: "hermit",
      framework: "express",
      allow: [idOf("depot", partnerDomain)],
    }),
    openService(world, scope, {
      name: "depot",
      framework: "fastify",
      allow: [branchId],
      entry: { federatesWith: [trustDomain] },
      agent: partner.agent,
    }),
  ]);

  await report.check("services of two trust domains call each other", async () => {
    await assertCallsBothWays(branch, depot);
  });

  await report.check(
    "a service whose entry does not federate refuses the other domain",
    async () => {
      const result = await depot.service.perform("call", callTo(hermit));
      assertRefused(result, 401, "credential_invalid");
      assert.deepEqual((await hermit.service.status()).refusals, ["trust_domain_unknown"]);
    },
  );

  await report.check(
    "a new authority over there arrives here, and its SVIDs are accepted",
    async () => {
      const authorities = new Authorities(partner.server, "x509");
      const old = await authorities.active();
      const fresh = await authorities.prepare();
      await refresh(server, partnerDomain);
      await waitUntil("the new authority of the partner", propagationMilliseconds, async () => {
        return (await branch.service.perform("countAuthorities", partnerDomain)) === 2;
      });
      const { thumbprints } = await depot.service.status();
      await authorities.activate(fresh);
      await authorities.taint(old);
      await waitUntil("an SVID of the new authority", propagationMilliseconds, async () => {
        return (await depot.service.status()).thumbprints.length > thumbprints.length;
      });
      await assertCallsBothWays(branch, depot);
    },
  );
  return depot;
}

async function assertCallsBothWays(
  branch: RegisteredService,
  depot: RegisteredService,
): Promise<void> {
  const out = await branch.service.perform("call", callTo(depot, "send ten"));
  assertAccepted(out, { caller: branch.id, content: "send ten" });
  const back = await depot.service.perform("call", callTo(branch, "sent"));
  assertAccepted(back, { caller: depot.id, content: "sent" });
}
