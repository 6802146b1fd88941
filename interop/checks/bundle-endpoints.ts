import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { allow, parseTrustBundle, type TrustBundle } from "@firsthand/core";
import {
  bundleHandler,
  federate as federateIdentity,
  openBundleEndpoint,
  openWorkloadIdentity,
  spiffeTlsServer,
} from "@firsthand/node";
import { createTrustDomain } from "@firsthand/testing";
import { type Scope, withScope } from "../runner/scope.js";
import { waitUntil } from "../runner/wait.js";
import { createApp } from "../service/create-app.js";
import { Authorities } from "../spire/authorities.js";
import { federate, refresh } from "../spire/federate.js";
import type { SpireServer } from "../spire/spire-server.js";
import { idOf, type RegisteredService, trustDomain, type World } from "../world.js";
import { assertAccepted, assertRejectsWith } from "./expectations.js";

/** Our client asks every ten seconds at most. */
const refreshMilliseconds = 20_000;

/** Bundle endpoints of SPIRE read by us, and ours by SPIRE. */
export function checkBundleEndpoints(
  world: World,
  partner: SpireServer,
  depot: RegisteredService,
): Promise<void> {
  return withScope(async (scope) => {
    await checkEndpoints(world, partner);
    await checkFederatedIdentity(world, partner, depot);
    await checkOwnEndpoint(world, scope);
  });
}

async function checkEndpoints(world: World, partner: SpireServer): Promise<void> {
  const { report, server, web } = world;

  await report.check("https_spiffe: our client fetches the bundle of SPIRE's endpoint", () =>
    withScope(async (scope) => {
      const endpoint = scope.add(
        await openBundleEndpoint({
          trustDomain,
          url: server.bundleUrl,
          profile: { kind: "https_spiffe", id: server.id },
          initialBundle: await parseTrustBundle(trustDomain, await server.bundle()),
        }),
      );
      assert.equal(endpoint.state.status, "ready", endpoint.state.reason?.message);
      await assertServed(endpoint.trustBundle(endpoint.trustDomain), server);
    }),
  );

  await report.check("https_spiffe: a server with another SPIFFE ID is refused", async () => {
    const trust = await parseTrustBundle(trustDomain, await server.bundle());
    const opened = openBundleEndpoint({
      trustDomain,
      url: server.bundleUrl,
      profile: { kind: "https_spiffe", id: idOf("else"), trust: { trustBundle: () => trust } },
    });
    await assertRejectsWith(opened, "bundle_endpoint_untrusted");
  });

  const webEndpoint = { trustDomain: partner.trustDomain, url: partner.bundleUrl };

  await report.check("https_web: our client fetches the bundle of SPIRE's endpoint", () =>
    withScope(async (scope) => {
      const profile = { kind: "https_web", ca: web.authorityPem } as const;
      const endpoint = scope.add(await openBundleEndpoint({ ...webEndpoint, profile }));
      await assertServed(endpoint.trustBundle(endpoint.trustDomain), partner);
    }),
  );

  await report.check("https_web: a certificate that no public authority signed is refused", () =>
    assertRejectsWith(
      openBundleEndpoint({ ...webEndpoint, profile: "https_web" }),
      "bundle_endpoint_untrusted",
    ),
  );
}

async function assertServed(bundle: TrustBundle | undefined, server: SpireServer): Promise<void> {
  const shown = await parseTrustBundle(server.trustDomain, await server.bundle());
  const thumbprints = (of: TrustBundle | undefined) =>
    (of?.x509Authorities ?? []).map(({ certificate }) => certificate.serialNumber);
  assert.ok(shown.x509Authorities.length > 0);
  assert.deepEqual(thumbprints(bundle), thumbprints(shown));
  assert.deepEqual([...(bundle?.jwtAuthorities.keys() ?? [])], [...shown.jwtAuthorities.keys()]);
}

/** Trust in the partner that comes by our client alone, because the entry of the suite has none. */
async function checkFederatedIdentity(
  { report, agent, web }: World,
  partner: SpireServer,
  depot: RegisteredService,
): Promise<void> {
  const id = idOf("suite");

  await report.check("https_web: a service trusts the other domain by our client", () =>
    withScope(async (scope) => {
      const identity = scope.add(await openWorkloadIdentity({ address: agent.address, id }));
      const endpoint = scope.add(
        await openBundleEndpoint({
          trustDomain: partner.trustDomain,
          url: partner.bundleUrl,
          profile: { kind: "https_web", ca: web.authorityPem },
          refreshSeconds: 10,
        }),
      );
      const server = scope.add(createHttpServer().listen(0, "127.0.0.1"));
      await once(server, "listening");
      const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const policy = allow(depot.id);
      const auth = { identity: federateIdentity(identity, endpoint), origin, policy };
      await createApp("express", server, auth);
      const call = () => depot.service.perform("call", { url: `${origin}/whoami`, peer: id });
      assertAccepted(await call(), { caller: depot.id });

      const authorities = () =>
        endpoint.trustBundle(endpoint.trustDomain)?.x509Authorities.length ?? 0;
      const before = authorities();
      await new Authorities(partner, "x509").prepare();
      await waitUntil("the next authority of the partner", refreshMilliseconds, () => {
        return authorities() > before;
      });
      assertAccepted(await call(), { caller: depot.id });
    }),
  );
}

/** SPIRE as the consumer of an endpoint of ours. */
async function checkOwnEndpoint({ report, server, directory }: World, scope: Scope): Promise<void> {
  const domain = await createTrustDomain("kit.test");
  const { name } = domain;
  // Two, because a new authority has to be published before anything that it signed is shown.
  const shown = await domain.identity("/bundles");
  const published = await domain.identity("/bundles");
  const listening = spiffeTlsServer((tls) => createServer(tls, bundleHandler(published)), {
    identity: shown,
  }).listen(0, "127.0.0.1");
  scope.defer(() => listening.close());
  await once(listening, "listening");
  const { port } = listening.address() as AddressInfo;
  const authoritiesAtSpire = async () => {
    const bundle = await parseTrustBundle(name, await server.bundle(name));
    return bundle.x509Authorities.length;
  };

  await report.check("https_spiffe: SPIRE fetches the bundle of our endpoint", async () => {
    const spiffe = { id: `spiffe://${name}/bundles`, bundle: domain.bundleDocument() };
    const url = `https://localhost:${port}/`;
    await federate(server, directory, { trustDomain: name, url, spiffe });
    assert.equal(await authoritiesAtSpire(), 1);
  });

  await report.check("https_spiffe: SPIRE follows our endpoint through a rotation", async () => {
    await domain.rotateAuthorities();
    await published.renew();
    await refresh(server, name);
    assert.equal(await authoritiesAtSpire(), 2);
    await shown.renew();
    await domain.revokeOldAuthorities();
    await published.renew();
    await refresh(server, name);
    assert.equal(await authoritiesAtSpire(), 1);
  });
}
