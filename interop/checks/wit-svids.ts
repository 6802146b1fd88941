import assert from "node:assert/strict";
import { join } from "node:path";
import { PeerProcess } from "../process/peer-process.js";
import { ServiceProcess } from "../process/service-process.js";
import { type Scope, withScope } from "../runner/scope.js";
import { waitFor } from "../runner/wait.js";
import type { Call, CallResult, Welcome } from "../service/messages.js";
import { derOf, mintWitSvid, mintX509Svid, witBundle } from "../spire/mint.js";
import { directoryIn, idOf, trustDomain, type World } from "../world.js";
import { assertAccepted } from "./expectations.js";

const rotationMilliseconds = 10_000;

/**
 * WIT-SVIDs that the SPIRE server signs, delivered by a Workload API of go-spiffe and grpc-go, because
 * only the newest agents deliver them. What the agent at hand does is checked with the profiles.
 */
export function checkWitSvids(world: World): Promise<void> {
  const { report } = world;
  return withScope(async (scope) => {
    const store = await openWitService(world, scope, "wit-store", "express", "wit-stock");
    const stock = await openWitService(world, scope, "wit-stock", "fastify", "wit-store");
    const expected = { credential: "wit-svid", proof: "wpt-02", content: "two teapots" } as const;

    await report.check("WPT: a service on Express calls one on Fastify", async () => {
      const result = await store.service.perform("call", callTo(stock));
      assertAccepted(result, { ...expected, caller: store.id });
    });

    await report.check("WPT: a service on Fastify calls one on Express", async () => {
      const result = await stock.service.perform("call", callTo(store));
      assertAccepted(result, { ...expected, caller: stock.id });
    });

    await report.check("SVID-Proof: the same identity where the peer prefers it", async () => {
      const peer = { id: stock.id, accept: ["svid-proof-1"] } as const;
      const result = await store.service.perform("call", { ...callTo(stock), peer });
      assertAccepted(result, { credential: "x509-svid", proof: "svid-proof-1", caller: store.id });
    });

    await report.check("WPT: a new WIT-SVID takes the place of the old one", async () => {
      const call = () => store.service.perform("call", callTo(stock));
      const before = thumbprintIn(await call());
      await store.renew();
      await waitFor("the new WIT-SVID", rotationMilliseconds, async () => {
        const now = thumbprintIn(await call());
        return now === before ? undefined : now;
      });
    });
  });
}

interface WitService {
  readonly service: ServiceProcess;
  readonly id: string;
  renew(): Promise<void>;
}

/** A service with a Workload API of its own, which delivers what SPIRE's server signed for it. */
async function openWitService(
  world: World,
  scope: Scope,
  name: string,
  framework: "express" | "fastify",
  caller: string,
): Promise<WitService> {
  const directory = await directoryIn(world.directory, name);
  const path = join(directory, "api.sock");
  const api = scope.add(new PeerProcess(world.peer, "workload-api", { path }));
  await api.next("listening");
  const id = idOf(name);
  const renew = async () => api.tell(await stateFor(world, id, directory));
  await renew();
  const settings = { framework, address: `unix://${path}`, allow: [idOf(caller)] };
  const service = scope.add(await ServiceProcess.start(name, process.execPath, settings));
  return { service, id, renew };
}

/** The complete state of the X.509 and the WIT profile, in the names of the protocol. */
async function stateFor({ server }: World, id: string, directory: string): Promise<unknown> {
  const { chain, privateKey } = await mintX509Svid(server, id, directory);
  const authorities = derOf(await server.run("bundle show", "-format", "pem"));
  const wit = await mintWitSvid(server, id);
  const x509Svid = {
    spiffe_id: id,
    x509_svid: base64(...chain),
    x509_svid_key: base64(privateKey),
    bundle: base64(...authorities),
  };
  const witSvid = {
    spiffe_id: id,
    wit_svid: wit.token,
    wit_svid_key: JSON.stringify(wit.privateKey),
  };
  const witBundles = { [`spiffe://${trustDomain}`]: await witBundle(server) };
  return { x509: [x509Svid], wit: [witSvid], witBundles };
}

function base64(...parts: readonly Uint8Array[]): string {
  return Buffer.concat(parts).toString("base64");
}

function callTo({ service, id }: WitService): Call {
  return { url: service.url, peer: id, content: "two teapots" };
}

function thumbprintIn(result: CallResult): string {
  assertAccepted(result, {});
  assert.ok("body" in result);
  return (result.body as Welcome).thumbprint;
}
