import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { ProofMessage } from "@firsthand/node";
import { createTrustDomain, type TestIdentity, type TestTrustDomain } from "@firsthand/testing";
import { installHaproxy } from "../haproxy/install-haproxy.js";
import { reservePorts, spreadRequests } from "../haproxy/spread-requests.js";
import type { ReplicaAnswer, ReplicaSettings } from "../replica/messages.js";
import { type Call, ReplicaService } from "../replica/replica-service.js";
import type { Report } from "../runner/report.js";
import { say } from "../runner/say.js";
import { withScope } from "../runner/scope.js";
import { waitFor } from "../runner/wait.js";

const replicaCount = 4;
const noticeMilliseconds = 1000;

/** Four processes of one service behind HAProxy, which gives each of them one request in turn. */
export function checkSessionReplicas(report: Report): Promise<void> {
  return withScope(async (scope) => {
    const haproxy = await installHaproxy();
    say(`  ${haproxy.version}`);
    const domain = await createTrustDomain("shop.example");
    const [orders, checkout] = await Promise.all([
      domain.identity("/orders"),
      domain.identity("/checkout"),
    ]);

    const open = async (sessions: ReplicaSettings["sessions"]) => {
      const [port = 0, ...ports] = await reservePorts(replicaCount + 1);
      const service = new ReplicaService(port, ports, sessions, orders);
      scope.defer(() => service.close());
      await service.start();
      await spreadRequests(port, ports, haproxy, scope);
      return service;
    };
    await checkOwnSessions(report, await open("memory"), checkout);
    await checkSharedSessions(report, await open("sealed"), checkout, domain);
  });
}

async function checkOwnSessions(
  report: Report,
  service: ReplicaService,
  checkout: TestIdentity,
): Promise<void> {
  await report.check(
    "sessions of their own: none is lost, and the client turns to signatures",
    async () => {
      const uses: ProofMessage["session"][] = [];
      const listen = (message: unknown) => void uses.push((message as ProofMessage).session);
      subscribe("firsthand:proof", listen);
      const answers = await inTurn(200, service.client(checkout));
      unsubscribe("firsthand:proof", listen);
      assert.equal(processesOf(answers).size, replicaCount);
      assert.equal(uses.at(-1), "paused");
      assert.equal(uses.filter((use) => use === "used").length, 3);
    },
  );
}

async function checkSharedSessions(
  report: Report,
  service: ReplicaService,
  checkout: TestIdentity,
  domain: TestTrustDomain,
): Promise<void> {
  const call = service.client(checkout);

  await report.check("sealed sessions: every replica accepts them", async () => {
    const answers = await inTurn(200, call);
    assert.equal(processesOf(answers).size, replicaCount);
    assert.equal(answers.filter(isBySession).length, 199);
  });

  await report.check("sealed sessions: many requests at once", async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => call(`at once ${i}`)));
    assert.equal(processesOf(answers).size, replicaCount);
    assert.ok(answers.every(isBySession));
  });

  await report.check("sealed sessions: a captured proof is good for no other replica", async () => {
    const captured = await service.capture(checkout);
    for (const port of service.ports) {
      const response = await fetch(`http://127.0.0.1:${port}/`, captured);
      assert.equal(response.status, 401);
      assert.equal(((await response.json()) as { code: string }).code, "proof_invalid");
    }
  });

  await report.check("sealed sessions: keys are added and taken away under load", async () => {
    const load = untilStopped(call);
    for (const keep of [true, false]) {
      await service.rotateKeys(keep);
      await load.progress(40);
    }
    const answers = await load.stop();
    assert.equal(processesOf(answers).size, replicaCount);
    assert.ok(isBySession(await call("after")));
  });

  await report.check(
    "sealed sessions: a replica is killed and comes back without a memory",
    async () => {
      await service.restart(1);
      const answers = await inTurn(40, call);
      assert.equal(processesOf(answers).size, replicaCount);
      assert.ok(answers.every(isBySession));
    },
  );

  await report.check("sealed sessions: a removed authority ends them within a second", async () => {
    await domain.rotateAuthorities();
    domain.revokeOldAuthorities();
    await service.renew();
    const raw = service.rawClient(checkout);
    const began = performance.now();
    await waitFor("every replica refuses", noticeMilliseconds, async () => {
      const statuses = await Promise.all(Array.from({ length: 8 }, () => raw("revoked")));
      return statuses.every(({ status }) => status === 401) ? true : undefined;
    });
    assert.ok(performance.now() - began < noticeMilliseconds);
    await checkout.renew();
    assert.equal((await inTurn(8, call)).length, 8);
  });
}

function isBySession({ proof }: ReplicaAnswer): boolean {
  return proof === "svid-session-1";
}

function processesOf(answers: readonly ReplicaAnswer[]): ReadonlySet<number> {
  return new Set(answers.map(({ process }) => process));
}

async function inTurn(count: number, call: Call): Promise<readonly ReplicaAnswer[]> {
  const answers: ReplicaAnswer[] = [];
  for (let i = 0; i < count; i++) answers.push(await call(`request ${i}`));
  return answers;
}

/** Requests one after the other, each of which has to be answered. */
function untilStopped(call: Call) {
  const answers: ReplicaAnswer[] = [];
  let isStopped = false;
  const done = (async () => {
    while (!isStopped) answers.push(await call(`request ${answers.length}`));
  })();
  return {
    async progress(count: number) {
      const goal = answers.length + count;
      await Promise.race([
        waitFor("progress", 10_000, () => answers.length >= goal || undefined),
        done,
      ]);
    },
    async stop() {
      isStopped = true;
      await done;
      return answers;
    },
  };
}
