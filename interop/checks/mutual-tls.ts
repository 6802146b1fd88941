import assert from "node:assert/strict";
import { once } from "node:events";
import { realpath } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { allow } from "@firsthand/core";
import { openWorkloadIdentity } from "@firsthand/node";
import { mutualTlsServer } from "@firsthand/node/tls";
import { mutualTlsDispatcher } from "@firsthand/node/undici";
import { fetch } from "undici";
import { PeerProcess } from "../process/peer-process.js";
import { selectorsOf } from "../process/workload-executables.js";
import { type Scope, withScope } from "../runner/scope.js";
import { waitFor, waitUntil, within } from "../runner/wait.js";
import { createApp } from "../service/create-app.js";
import type { Welcome } from "../service/messages.js";
import { idOf, type World } from "../world.js";

const rotations = 3;
const rotationMilliseconds = 60_000;
const entryMilliseconds = 10_000;
const refusalMilliseconds = 5_000;
/** Short, so that both ends rotate while they speak. */
const ttlSeconds = 16;

type Identity = Awaited<ReturnType<typeof openWorkloadIdentity>>;

/** What the client in Go found. */
interface CallReport {
  readonly succeeded: number;
  readonly failures: readonly string[];
  readonly body: string;
  readonly peerSerials: readonly string[];
}

/** Both ends are workloads of the same agent, one in Node and one in Go. */
export function checkMutualTls(world: World): Promise<void> {
  return withScope(async (scope) => {
    const { agent } = world;
    const selectors = selectorsOf(await realpath(process.execPath));
    const id = idOf("suite-tls");
    await agent.register({ id, selectors, ttlSeconds });
    // The suite has other identities, so this one is "unexpected" until the agent knows the entry.
    const identity = scope.add(
      await waitFor(`the entry of ${id}`, entryMilliseconds, () =>
        openWorkloadIdentity({ address: agent.address, id }),
      ),
    );
    await checkGoClient(world, identity, scope);
    await checkGoServer(world, identity, scope);
  });
}

/** Registers the Go program under a name of its own, and returns its executable. */
async function registerPeer({ agent, executables, peer }: World, name: string): Promise<string> {
  const executable = await executables.add(name, peer);
  await agent.register({ id: idOf(name), selectors: selectorsOf(executable), ttlSeconds });
  return executable;
}

async function checkGoClient(world: World, identity: Identity, scope: Scope): Promise<void> {
  const { report, agent } = world;
  const [client, stranger] = await Promise.all([
    registerPeer(world, "go-client"),
    registerPeer(world, "go-stranger"),
  ]);
  const server = mutualTlsServer((tls) => createServer(tls), {
    identity,
    peers: [idOf("go-client")],
  }).listen(0, "127.0.0.1");
  scope.defer(() => server.close());
  await once(server, "listening");
  const origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const policy = allow(idOf("go-client"));
  await createApp("express", server, { identity, origin, policy, accept: ["mutual-tls"] });
  const target = { socket: agent.address, peer: idOf("suite-tls"), url: `${origin}/whoami` };
  const callOnce = (executable: string, options = target) =>
    withScope((own) =>
      own.add(new PeerProcess(executable, "call", options)).next<CallReport>("called"),
    );

  await report.check("a Go client calls our server", async () => {
    const { succeeded, failures, body } = await callOnce(client);
    assert.deepEqual({ succeeded, failures }, { succeeded: 1, failures: [] });
    const { caller, proof } = JSON.parse(body) as Welcome;
    assert.deepEqual({ caller, proof }, { caller: idOf("go-client"), proof: "mutual-tls" });
  });

  await report.check("a Go client that is not among the peers is refused", async () => {
    const refusal = once(server, "tlsClientError");
    const { succeeded, failures } = await callOnce(stranger);
    assert.deepEqual([succeeded, failures.length], [0, 1]);
    const [error] = (await within(refusalMilliseconds, "the refusal", refusal)) as [
      { code: string },
    ];
    assert.equal(error.code, "caller_forbidden");
  });

  await report.check("a Go client that expects somebody else refuses our server", async () => {
    const { succeeded, failures } = await callOnce(client, {
      ...target,
      peer: idOf("go-stranger"),
    });
    assert.equal(succeeded, 0);
    assert.match(failures.join(), /unexpected ID/);
  });

  await report.check(`${rotations} rotations of both ends, no request of the Go client fails`, () =>
    withScope(async (own) => {
      const caller = own.add(new PeerProcess(client, "call", { ...target, continuous: true }));
      await caller.next("started");
      await Promise.all([rotationsOf(identity), rotationsOfPeer(caller)]);
      caller.finish();
      const called = await caller.next<CallReport>("called");
      assert.deepEqual(called.failures.slice(0, 3), []);
      assert.ok(called.succeeded >= 200, `only ${called.succeeded} requests were made`);
      assert.ok(called.peerSerials.length >= rotations, "it saw too few certificates of ours");
    }),
  );
}

async function checkGoServer(world: World, identity: Identity, scope: Scope): Promise<void> {
  const { report, agent } = world;
  const executable = await registerPeer(world, "go-server");
  const openServer = async (client: string) => {
    const options = { socket: agent.address, allow: idOf(client) };
    const server = scope.add(new PeerProcess(executable, "serve", options));
    const { port } = await server.next<{ readonly port: number }>("listening");
    return { server, origin: `https://127.0.0.1:${port}` };
  };
  const [{ server, origin }, { origin: closed }] = await Promise.all([
    openServer("suite-tls"),
    openServer("go-client"),
  ]);
  const dispatcherFor = (server: string, id: string) =>
    scope.add(mutualTlsDispatcher({ identity, peers: { [server]: id } }));
  const dispatcher = dispatcherFor(origin, idOf("go-server"));

  interface Seen {
    readonly caller: string;
    readonly serial: string;
  }
  const call = async () => {
    const response = await fetch(origin, { dispatcher });
    return (await response.json()) as Seen;
  };

  await report.check("our dispatcher calls a Go server", async () => {
    assert.equal((await call()).caller, idOf("suite-tls"));
  });

  await report.check("our dispatcher refuses a Go server with another SPIFFE ID", async () => {
    const wrong = dispatcherFor(origin, idOf("go-client"));
    await assert.rejects(fetch(origin, { dispatcher: wrong }), (error: Error) => {
      assert.equal((error.cause as { readonly code?: string }).code, "peer_unexpected");
      return true;
    });
  });

  await report.check("a Go server that expects somebody else refuses us", async () => {
    const refused = dispatcherFor(closed, idOf("go-server"));
    await assert.rejects(fetch(closed, { dispatcher: refused }));
  });

  await report.check(
    `${rotations} rotations of both ends, no request to the Go server fails`,
    async () => {
      const serials = new Set<string>();
      let rotated = false;
      const rotating = Promise.all([rotationsOf(identity), rotationsOfPeer(server)]).finally(() => {
        rotated = true;
      });
      let requests = 0;
      while (!rotated) {
        serials.add((await call()).serial);
        requests += 1;
      }
      await rotating;
      assert.ok(serials.size >= rotations, `it saw ${serials.size} of our certificates`);
      assert.ok(requests >= 200, `only ${requests} requests were made`);
    },
  );
}

/** Waits for so many new credentials. */
async function rotationsOf(identity: Identity): Promise<void> {
  const seen = new Set<string>();
  await waitUntil(`${rotations} rotations of ${identity.state.ids}`, rotationMilliseconds, () => {
    for (const { thumbprint } of identity.credentials()) seen.add(thumbprint);
    return seen.size > rotations;
  });
}

/** Waits until the Go program has had so many new certificates: it rotates at times of its own. */
async function rotationsOfPeer(peer: PeerProcess): Promise<void> {
  for (let rotated = 0; rotated < rotations; rotated += 1) await peer.next("rotated");
}
