import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigurationError, parseTrustDomain } from "@firsthand/core";
import {
  createTestClock,
  createTrustDomain,
  serveWorkloadApi,
  type WorkloadApiFault,
  type WorkloadApiProfile,
} from "@firsthand/testing";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { openWorkloadIdentity } from "./open-workload-identity.js";
import {
  createScene,
  credentialErrorOf,
  firstBackoff,
  openAt,
  passDelay,
  type Scene,
  until,
} from "./scene.test-support.js";
import type { WorkloadIdentityOptions } from "./workload-identity-options.js";

const own = "spiffe://td.example/wa-a";
const timeout = 30_000;

function callsOf({ server }: Scene, method: string): number {
  return server.calls.filter((call) => call.method === method).length;
}

describe("openWorkloadIdentity", () => {
  it("resolves when the first state of every profile is there", async () => {
    const partner = await createTrustDomain("partner.example");
    const { open, clock, domain } = await createScene({ federated: partner });
    const identity = await open();
    expect(identity.credentials().map(({ kind, id }) => [kind, id.toString()])).toEqual([
      ["x509-svid", own],
      ["wit-svid", own],
    ]);
    for (const name of [domain.name, partner.name]) {
      const bundle = identity.trustBundle(name);
      expect(bundle?.trustDomain).toBe(name);
      expect(bundle?.x509Authorities).toHaveLength(1);
      expect(bundle?.jwtAuthorities.size).toBe(1);
      expect(bundle?.witAuthorities.size).toBe(1);
    }
    expect(identity.trustBundle(parseTrustDomain("other.example"))).toBeUndefined();
    expect(identity.state).toMatchObject({
      status: "ready",
      reason: undefined,
      since: clock.now(),
      updatedAt: clock.now(),
      expiresAt: clock.now() + 3_600_000,
    });
    expect(identity.state.ids.map(String)).toEqual([own]);
  });

  it("takes the address from the environment", async () => {
    const { server, clock } = await createScene();
    vi.stubEnv("SPIFFE_ENDPOINT_SOCKET", server.address);
    onTestFinished(() => void vi.unstubAllEnvs());
    await using identity = await openWorkloadIdentity({ clock });
    expect(identity.state.status).toBe("ready");
  });

  it.each<readonly WorkloadApiProfile[]>([
    ["x509"],
    ["wit"],
    ["x509", "jwt"],
    ["x509", "wit"],
    ["wit", "jwt"],
  ])("takes a profile that is not offered for absent: only %s %s", async (...offered) => {
    const { open, domain } = await createScene({ profiles: offered });
    const identity = await open();
    const kinds = { x509: "x509-svid", wit: "wit-svid" } as const;
    expect(identity.credentials().map(({ kind }) => kind)).toEqual(
      (["x509", "wit"] as const)
        .filter((name) => offered.includes(name))
        .map((name) => kinds[name]),
    );
    const bundle = identity.trustBundle(domain.name);
    expect(bundle?.x509Authorities).toHaveLength(Number(offered.includes("x509")));
    expect(bundle?.jwtAuthorities.size).toBe(Number(offered.includes("jwt")));
    expect(bundle?.witAuthorities.size).toBe(Number(offered.includes("wit")));
    expect(identity.state.status).toBe("ready");
  });

  it("asks only for the profiles that are wanted", async () => {
    const { open, server } = await createScene();
    await open({ profiles: ["x509"] });
    expect(server.calls.map(({ method }) => method)).toEqual(["FetchX509SVID"]);
  });

  it("WA-003 tries again when the Workload API is unavailable", async () => {
    const scene = await createScene();
    const methods = ["FetchX509SVID"] as const;
    scene.server.fault({ kind: "status", code: "UNAVAILABLE", times: 3, methods });
    const opening = scene.open();
    for (const wait of [1, 2, 4]) await passDelay(scene.clock, wait * firstBackoff);
    expect((await opening).state.status).toBe("ready");
    expect(callsOf(scene, "FetchX509SVID")).toBe(4);
  });

  it("WA-004 tries again when it is not registered yet", async () => {
    const scene = await createScene();
    const methods = ["FetchX509SVID"] as const;
    scene.server.fault({ kind: "status", code: "PERMISSION_DENIED", times: 3, methods });
    const opening = scene.open();
    for (const wait of [1, 2, 4]) await passDelay(scene.clock, wait * firstBackoff);
    expect((await opening).state.status).toBe("ready");
    expect(callsOf(scene, "FetchX509SVID")).toBe(4);
  });

  it("waits for a Workload API that starts later", async () => {
    const directory = await mkdtemp(join(tmpdir(), "firsthand-"));
    onTestFinished(() => rm(directory, { recursive: true }));
    const address = `unix://${join(directory, "api.sock")}`;
    const clock = createTestClock();
    const opening = openAt(address, clock, { profiles: ["x509"] });
    await passDelay(clock, firstBackoff);
    await until(() => clock.pendingDelays().includes(2 * firstBackoff));
    const trustDomain = await createTrustDomain("td.example", { clock });
    const server = await serveWorkloadApi({ trustDomain, workloads: ["/wa-a"], address });
    onTestFinished(() => server.close());
    clock.advance(2 * firstBackoff);
    expect((await opening).state.status).toBe("ready");
  });

  it("waits for the next message when the first does not hold together", async () => {
    const { open, server } = await createScene();
    const end = server.fault({
      kind: "alter",
      method: "FetchX509SVID",
      change: (response) => ({ ...response, svids: [] }),
    });
    const opening = open({ profiles: ["x509"] });
    await until(() => server.openStreams() === 1);
    end();
    await server.rotate();
    expect((await opening).state.status).toBe("ready");
    expect(server.calls).toHaveLength(1);
  });

  it("opens in trouble when a stream ended that had its first state", async () => {
    const { open, server, clock } = await createScene();
    const end = server.fault({ kind: "delay", methods: ["FetchJWTBundles"] });
    const opening = open({ profiles: ["x509", "jwt"] });
    await until(() => server.openStreams() === 2);
    server.fault({ kind: "status", code: "UNAVAILABLE", methods: ["FetchX509SVID"] });
    server.endStreams({ code: "UNAVAILABLE" });
    end();
    await until(() => clock.pendingDelays().filter((wait) => wait === firstBackoff).length === 2);
    clock.advance(firstBackoff);
    const { state } = await opening;
    expect(state).toMatchObject({ status: "stale", reason: { code: "endpoint_unavailable" } });
  });

  it("takes its time when a stream ends that had nothing good, however long it lasted", async () => {
    const { open, server, clock } = await createScene();
    const end = server.fault({ kind: "delay" });
    const opening = open({ profiles: ["x509"] });
    await until(() => server.openStreams() === 1);
    clock.advance(5000);
    server.endStreams({ code: "UNAVAILABLE" });
    await passDelay(clock, firstBackoff);
    expect(server.calls).toHaveLength(1);
    end();
    expect((await opening).state.status).toBe("ready");
  });

  it("takes the WIT profile for absent when half of it is", async () => {
    const { open, server, clock } = await createScene();
    server.fault({ kind: "status", code: "UNIMPLEMENTED", methods: ["FetchWITSVID"], times: 1 });
    const identity = await open();
    expect(identity.credentials()).toMatchObject([{ kind: "x509-svid" }]);
    server.fault({ kind: "status", code: "UNAVAILABLE", methods: ["FetchWITBundles"] });
    server.endStreams({ code: "UNAVAILABLE" });
    await until(() => clock.pendingDelays().filter((wait) => wait === firstBackoff).length === 3);
    clock.advance(firstBackoff);
    await until(() => clock.pendingDelays().includes(2 * firstBackoff));
    await until(() => server.openStreams() === 2 && identity.state.status === "ready");
  });

  it("WA-012 does not try again when its call is called wrong", async () => {
    const scene = await createScene();
    const methods = ["FetchX509SVID"] as const;
    scene.server.fault({ kind: "status", code: "INVALID_ARGUMENT", methods });
    const error = await credentialErrorOf(scene.open());
    expect(error.code).toBe("endpoint_refused");
    expect(callsOf(scene, "FetchX509SVID")).toBe(1);
    expect(scene.clock.pendingDelays()).toEqual([]);
  });

  it("rejects at once when no profile brings a credential", async () => {
    const { open, clock, server } = await createScene({ profiles: ["jwt"] });
    expect((await credentialErrorOf(open())).code).toBe("endpoint_unsupported");
    await until(() => server.openStreams() === 0);
    expect(clock.pendingDelays()).toEqual([]);
  });
});

describe("an opening that fails", () => {
  it.each<[string, WorkloadApiFault, string, RegExp]>([
    [
      "the Workload API stays unavailable",
      { kind: "status", code: "UNAVAILABLE" },
      "endpoint_unavailable",
      /is not available: UNAVAILABLE, unix:\/\/.+\.sock, tried once in 30 s$/,
    ],
    [
      "no entry is registered",
      { kind: "status", code: "PERMISSION_DENIED" },
      "workload_unregistered",
      /no identity for this process: PERMISSION_DENIED, unix:\/\/.+, tried once in 30 s$/,
    ],
    [
      "it is silent",
      { kind: "delay" },
      "endpoint_stalled",
      /fell silent: unix:\/\/.+ said nothing about x509 in 30 s$/,
    ],
  ])("rejects in time, with the cause, when %s", async (_, fault, code, message) => {
    const { open, server, clock } = await createScene();
    server.fault(fault);
    const opening = credentialErrorOf(open({ profiles: ["x509"] }));
    const isTried = () => server.calls.length === 1 && clock.pendingDelays().includes(timeout);
    await until(isTried);
    if (fault.kind === "status") await until(() => clock.pendingDelays().includes(firstBackoff));
    clock.advance(timeout);
    const error = await opening;
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    await until(() => server.openStreams() === 0);
    expect(clock.pendingDelays()).toEqual([]);
  });

  it("counts the attempts", async () => {
    const clock = createTestClock();
    const opening = credentialErrorOf(
      openAt("unix:///nonexistent/api.sock", clock, {
        profiles: ["x509"],
        timeoutMilliseconds: 4000,
      }),
    );
    await passDelay(clock, firstBackoff);
    await passDelay(clock, 2 * firstBackoff);
    await until(() => clock.pendingDelays().includes(4 * firstBackoff));
    clock.advance(4000);
    const error = await opening;
    expect(error.code).toBe("endpoint_unreachable");
    expect(error.message).toMatch(
      /: unix:\/\/\/nonexistent\/api\.sock \(ENOENT\), tried 3 times in 4 s$/,
    );
    expect(clock.pendingDelays()).toEqual([]);
  });

  it.each<[string, WorkloadIdentityOptions, RegExp]>([
    [
      "of another ID",
      { id: "spiffe://td.example/wa-x" },
      /wanted spiffe:\/\/td\.example\/wa-x, offered spiffe:\/\/td\.example\/wa-a$/,
    ],
    ["with another hint", { hint: "internal" }, /wanted hint "internal", offered spiffe:.+\/wa-a$/],
  ])("rejects at once when no identity %s is offered", async (_, options, message) => {
    const { open, clock, server } = await createScene();
    const error = await credentialErrorOf(open(options));
    expect(error.code).toBe("identity_unexpected");
    expect(error.message).toMatch(message);
    await until(() => server.openStreams() === 0);
    expect(clock.pendingDelays()).toEqual([]);
  });

  it.each<WorkloadApiProfile>(["x509", "wit"])(
    "WA-031 rejects at once an identity of another trust domain (%s)",
    async (profile) => {
      const { open } = await createScene();
      const error = await credentialErrorOf(
        open({ profiles: [profile], expectedTrustDomain: "shop.example" }),
      );
      expect(error.code).toBe("trust_domain_unexpected");
      expect(error.message).toMatch(
        /expected shop\.example, delivered spiffe:\/\/td\.example\/wa-a$/,
      );
    },
  );

  it.each<[string, unknown, string]>([
    ["a misspelt option", { adress: "unix:///x" }, "adress"],
    ["an ID that is none", { id: "td.example/a" }, "id"],
    ["an ID without a path", { id: "spiffe://td.example" }, "id"],
    ["an empty hint", { hint: "" }, "hint"],
    ["a trust domain that is none", { expectedTrustDomain: "TD" }, "expectedTrustDomain"],
    ["an unknown profile", { profiles: ["x509", "x"] }, "profiles[1]"],
    ["no profile with a credential", { profiles: ["jwt"] }, "profiles"],
    ["no time", { timeoutMilliseconds: 0 }, "timeoutMilliseconds"],
    ["an owner that is no user", { socketTrust: { ownerUids: [-1] } }, "socketTrust.ownerUids[0]"],
    ["an address that is none", { address: "/run/api.sock" }, "address"],
    ["a clock that is none", { clock: {} }, "clock"],
  ])("refuses %s", async (_, options, option) => {
    const opening = openWorkloadIdentity({
      address: "unix:///nonexistent",
      ...(options as WorkloadIdentityOptions),
    });
    await expect(opening).rejects.toBeInstanceOf(ConfigurationError);
    await expect(opening).rejects.toMatchObject({ code: "option_invalid", option });
  });
});
