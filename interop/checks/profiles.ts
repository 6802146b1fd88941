import assert from "node:assert/strict";
import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { parseTrustBundle, validateJwtSvid } from "@firsthand/core";
import { openWorkloadIdentity } from "@firsthand/node";
import { selectorsOf } from "../process/workload-executables.js";
import { Skip } from "../runner/report.js";
import { withScope } from "../runner/scope.js";
import { waitFor } from "../runner/wait.js";
import { idOf, type World } from "../world.js";
import { assertRejectsWith } from "./expectations.js";

const entryMilliseconds = 10_000;

/** The suite itself is a workload here, first without an entry and then with two. */
export async function checkProfiles(world: World): Promise<void> {
  await checkRefusedOpening(world);
  await registerSuite(world);
  await withScope(async (scope) => {
    const identity = scope.add(await openWorkloadIdentity({ address: world.agent.address }));
    await checkX509(world);
    await checkJwt(world, identity);
  });
}

type Identity = Awaited<ReturnType<typeof openWorkloadIdentity>>;

async function checkRefusedOpening({ report, agent, directory }: World): Promise<void> {
  const { address } = agent;
  const timeoutMilliseconds = 1500;

  await report.check("a process without an entry is told so", () =>
    assertRejectsWith(
      openWorkloadIdentity({ address, timeoutMilliseconds }),
      "workload_unregistered",
    ),
  );

  await report.check("an address where no agent listens is told so", () =>
    assertRejectsWith(
      openWorkloadIdentity({
        address: `unix://${join(directory, "nobody.sock")}`,
        timeoutMilliseconds,
      }),
      "endpoint_unreachable",
    ),
  );
}

/** Two identities for the processes of this suite, told apart by hint. */
async function registerSuite({ agent }: World): Promise<void> {
  const selectors = selectorsOf(await realpath(process.execPath));
  await agent.register({ id: idOf("suite"), selectors, hint: "internal" });
  await agent.register({ id: idOf("suite-abroad"), selectors, hint: "external" });
}

async function checkX509({ report, agent, server }: World): Promise<void> {
  const { address } = agent;

  await report.check("X.509: the registered identity arrives", () =>
    withScope(async (scope) => {
      const identity = scope.add(await openWorkloadIdentity({ address }));
      assert.equal(identity.state.status, "ready");
      const [id] = identity.state.ids;
      assert.ok([idOf("suite"), idOf("suite-abroad")].includes(String(id)));
      const [credential] = identity.credentials();
      assert.equal(String(credential?.id), String(id));
    }),
  );

  await report.check("X.509: one of several is picked by SPIFFE ID, and by hint", () =>
    withScope(async (scope) => {
      const choices = [
        [{ id: idOf("suite-abroad") }, idOf("suite-abroad")],
        [{ id: idOf("suite") }, idOf("suite")],
        [{ hint: "external" }, idOf("suite-abroad")],
        [{ hint: "internal" }, idOf("suite")],
      ] as const;
      for (const [choice, expected] of choices) {
        const identity = scope.add(
          await waitFor(`the entry of ${expected}`, entryMilliseconds, () =>
            openWorkloadIdentity({ address, ...choice }),
          ),
        );
        const ids = identity.credentials().map(({ id }) => id.toString());
        assert.deepEqual(new Set(ids), new Set([expected]));
      }
    }),
  );

  await report.check(
    "X.509: another identity or trust domain than expected is refused",
    async () => {
      const timeoutMilliseconds = 1500;
      const elsewhere = openWorkloadIdentity({
        address,
        expectedTrustDomain: "elsewhere.test",
        timeoutMilliseconds,
      });
      await assertRejectsWith(elsewhere, "trust_domain_unexpected");
      const someoneElse = openWorkloadIdentity({ address, id: idOf("else"), timeoutMilliseconds });
      await assertRejectsWith(someoneElse, "identity_unexpected");
    },
  );

  await report.check("X.509: the bundle is the one that the server shows", () =>
    withScope(async (scope) => {
      const identity = scope.add(await openWorkloadIdentity({ address }));
      const shown = await parseTrustBundle(server.trustDomain, await server.bundle());
      const delivered = identity.trustBundle(shown.trustDomain);
      assert.deepEqual(certificatesOf(delivered), certificatesOf(shown));
      assert.deepEqual(
        [...(delivered?.jwtAuthorities.keys() ?? [])],
        [...shown.jwtAuthorities.keys()],
      );
    }),
  );
}

function certificatesOf(bundle: ReturnType<Identity["trustBundle"]>): readonly string[] {
  return (bundle?.x509Authorities ?? []).map(({ certificate }) =>
    Buffer.from(certificate.der).toString("base64"),
  );
}

async function checkJwt({ report }: World, identity: Identity): Promise<void> {
  const audience = "https://reports.test";

  await report.check(
    "JWT: an SVID for an audience validates with the delivered bundle",
    async () => {
      const { token } = await identity.jwtSvid({ audience });
      const svid = await validateJwtSvid(token, { identity, audience });
      assert.ok([idOf("suite"), idOf("suite-abroad")].includes(svid.id.toString()));
      assert.deepEqual(svid.audience, [audience]);
      const other = validateJwtSvid(token, { identity, audience: "https://other.test" });
      await assertRejectsWith(other, "token_audience_mismatch");
    },
  );

  await report.check("JWT: an SVID is fetched once for each audience", async () => {
    const [one, same, other] = await Promise.all([
      identity.jwtSvid({ audience }),
      identity.jwtSvid({ audience }),
      identity.jwtSvid({ audience: "https://other.test" }),
    ]);
    assert.equal(same.token, one.token);
    assert.notEqual(other.token, one.token);
  });

  await report.check("WIT: the agent's own profile delivers an SVID", async () => {
    const wit = identity.credentials().find(({ kind }) => kind === "wit-svid");
    if (wit === undefined) throw new Skip("this agent does not offer the WIT profile");
    assert.ok([idOf("suite"), idOf("suite-abroad")].includes(wit.id.toString()));
  });
}
