import assert from "node:assert/strict";
import { createTrustDomain, serveWorkloadApi } from "@firsthand/testing";
import { PeerProcess } from "../process/peer-process.js";
import { withScope } from "../runner/scope.js";
import type { World } from "../world.js";

const id = "spiffe://tests.test/web";

interface SvidEvent {
  readonly id: string;
  readonly hint?: string;
  readonly serial?: string;
  readonly authorities: number;
}

/** go-spiffe's sources as consumers of the server that our test kit has. */
export function checkWorkloadApiServer({ report, peer }: World): Promise<void> {
  return withScope(async (scope) => {
    const trustDomain = await createTrustDomain("tests.test");
    const workloads = [{ workload: id, hint: "main" }];
    const server = scope.add(await serveWorkloadApi({ trustDomain, workloads }));
    const options = { socket: server.address, audience: "https://reports.test" };
    const consumer = scope.add(new PeerProcess(peer, "watch", options));

    let first: string | undefined;

    await report.check("X509Source validates our X.509-SVID", async () => {
      const svid = await consumer.next<SvidEvent>("x509");
      first = svid.serial;
      assert.deepEqual(
        { id: svid.id, hint: svid.hint, authorities: svid.authorities },
        { id, hint: "main", authorities: 1 },
      );
    });

    await report.check("JWTSource validates our JWT-SVID", async () => {
      assert.equal((await consumer.next<SvidEvent>("jwt")).id, id);
    });

    await report.check("WITSource validates our WIT-SVID", async () => {
      assert.equal((await consumer.next<SvidEvent>("wit")).id, id);
    });

    await report.check("a rotation is seen", async () => {
      await server.rotate();
      const svid = await consumer.next<SvidEvent>("x509", ({ serial }) => serial !== first);
      assert.equal(svid.id, id);
    });

    await report.check("new authorities are seen by all three", async () => {
      await trustDomain.rotateAuthorities();
      await server.rotate();
      for (const profile of ["x509", "jwt", "wit"]) {
        const svid = await consumer.next<SvidEvent>(
          profile,
          ({ authorities }) => authorities === 2,
        );
        assert.equal(svid.id, id);
      }
    });

    await report.check("after a restart of the server it is read again", async () => {
      await server.restart();
      await server.rotate();
      await trustDomain.revokeOldAuthorities();
      await server.rotate();
      const svid = await consumer.next<SvidEvent>("x509", ({ authorities }) => authorities === 1);
      assert.equal(svid.id, id);
    });
  });
}
