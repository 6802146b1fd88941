import { setImmediate } from "node:timers/promises";
import { ConfigurationError } from "@firsthand/core";
import {
  createTrustDomain,
  type WorkloadApiFault,
  type WorkloadApiResponses,
} from "@firsthand/testing";
import { describe, expect, it } from "vitest";
import { codesOf } from "./faults.test-support.js";
import {
  createScene,
  credentialErrorOf,
  type Scene,
  until,
  untilState,
} from "./scene.test-support.js";

const own = "spiffe://td.example/wa-a";
const methods = ["FetchJWTSVID"] as const;

function fetches({ server }: Scene) {
  return server.calls
    .filter(({ method }) => method === "FetchJWTSVID")
    .map(({ request }) => [request.spiffeId, ...request.audience]);
}

type Svid = WorkloadApiResponses["FetchJWTSVID"]["svids"][number];

const alter = (change: (svid: Svid) => Partial<Svid>): WorkloadApiFault => ({
  kind: "alter",
  method: "FetchJWTSVID",
  change: ({ svids }) => ({ svids: svids.map((svid) => ({ ...svid, ...change(svid) })) }),
});

/** What comes is this token. */
const answer = (svid: string) => alter(() => ({ svid }));

/** Lets time pass, and a ping of the connection be answered. */
async function pass({ clock }: Scene, seconds: number): Promise<void> {
  clock.advance({ seconds });
  await setImmediate();
  await until(() => !clock.pendingDelays().includes(10_000));
}

/** Waits until so many were fetched, and no answer is awaited any more. */
async function untilFetched(scene: Scene, count: number): Promise<void> {
  await until(() => fetches(scene).length === count);
  await until(() => !scene.clock.pendingDelays().includes(30_000));
  await setImmediate();
}

describe("jwtSvid", () => {
  it("fetches one for an audience, as ourselves", async () => {
    const scene = await createScene();
    const identity = await scene.open();
    const { token, svid } = await identity.jwtSvid({ audience: "orders" });
    expect(token.split(".")).toHaveLength(3);
    expect(svid.id.toString()).toBe(own);
    expect(svid.audience).toEqual(["orders"]);
    expect(svid.expiresAt).toBe(scene.domain.now() + 300);
    expect(fetches(scene)).toEqual([[own, "orders"]]);
  });

  it("asks for the identity that was chosen, or for another of ours", async () => {
    const scene = await createScene({ workloads: ["/wa-a", "/wa-b"] });
    const id = "spiffe://td.example/wa-b";
    const identity = await scene.open({ id });
    expect((await identity.jwtSvid({ audience: "x" })).svid.id.toString()).toBe(id);
    expect((await identity.jwtSvid({ audience: "x", id: own })).svid.id.toString()).toBe(own);
    expect(fetches(scene)).toEqual([
      [id, "x"],
      [own, "x"],
    ]);
  });

  it("keeps one for each set of audiences and each identity", async () => {
    const scene = await createScene({ workloads: ["/wa-a", "/wa-b"] });
    const identity = await scene.open();
    const first = await identity.jwtSvid({ audience: ["a", "b"] });
    expect(first.svid.audience).toEqual(["a", "b"]);
    expect(await identity.jwtSvid({ audience: ["b", "a", "b"] })).toEqual(first);
    expect(await identity.jwtSvid({ audience: ["a", "b"], id: own })).toEqual(first);
    expect(fetches(scene)).toHaveLength(1);
    for (const audience of ["a", "b", "a,b"]) await identity.jwtSvid({ audience });
    await identity.jwtSvid({ audience: ["a", "b"], id: "spiffe://td.example/wa-b" });
    expect(fetches(scene)).toHaveLength(5);
  });

  it("fetches only once for all who wait", async () => {
    const scene = await createScene();
    const identity = await scene.open();
    const asked = Array.from({ length: 20 }, () => identity.jwtSvid({ audience: "orders" }));
    const tokens = new Set((await Promise.all(asked)).map(({ token }) => token));
    expect(tokens.size).toBe(1);
    expect(fetches(scene)).toHaveLength(1);
  });

  it("fetches the next one from half of its life on, and uses the old one meanwhile", async () => {
    const scene = await createScene();
    const identity = await scene.open();
    const ask = async () => (await identity.jwtSvid({ audience: "orders" })).token;
    const first = await ask();
    await pass(scene, 149);
    expect(await ask()).toBe(first);
    expect(fetches(scene)).toHaveLength(1);
    await pass(scene, 1);
    const end = scene.server.fault({ kind: "delay", methods });
    expect(await Promise.all([ask(), ask()])).toEqual([first, first]);
    await until(() => fetches(scene).length === 2);
    expect(await ask()).toBe(first);
    end();
    await untilFetched(scene, 2);
    expect(await ask()).not.toBe(first);
    expect(fetches(scene)).toHaveLength(2);
  });

  it("uses the old one until shortly before its end while no other can be had", async () => {
    const scene = await createScene();
    const identity = await scene.open();
    const ask = async () => (await identity.jwtSvid({ audience: "orders" })).token;
    const first = await ask();
    const end = scene.server.fault({ kind: "status", code: "UNAVAILABLE", methods });
    await pass(scene, 150);
    expect(await ask()).toBe(first);
    await untilFetched(scene, 2);
    await pass(scene, 139.9);
    expect(await ask()).toBe(first);
    await pass(scene, 0.1);
    expect((await credentialErrorOf(ask())).code).toBe("endpoint_unavailable");
    end();
    expect(await ask()).not.toBe(first);
  });

  it("gives up one that is not ours any more", async () => {
    const scene = await createScene();
    const identity = await scene.open();
    const ask = () => identity.jwtSvid({ audience: "orders" });
    await ask();
    scene.server.fault({ kind: "status", code: "PERMISSION_DENIED", methods });
    await pass(scene, 150);
    await ask();
    await untilFetched(scene, 2);
    expect((await credentialErrorOf(ask())).code).toBe("workload_unregistered");
  });

  it("forgets all when the identity is withdrawn", async () => {
    const scene = await createScene();
    const identity = await scene.open();
    const { token } = await identity.jwtSvid({ audience: "orders" });
    await scene.server.withdraw();
    await untilState(identity, { status: "expired", code: "workload_unregistered" });
    const error = await credentialErrorOf(identity.jwtSvid({ audience: "orders" }));
    expect(error.code).toBe("source_expired");
    await scene.server.register(["/wa-a"]);
    await until(() => scene.clock.pendingDelays().includes(770));
    scene.clock.advance(770);
    await untilState(identity, { status: "ready" });
    expect((await identity.jwtSvid({ audience: "orders" })).token).not.toBe(token);
  });

  it("gives up when no answer comes in time", async () => {
    const scene = await createScene();
    const identity = await scene.open({ timeoutMilliseconds: 5000 });
    scene.server.fault({ kind: "delay", methods });
    const refused = credentialErrorOf(identity.jwtSvid({ audience: "orders" }));
    await until(() => fetches(scene).length === 1);
    scene.clock.advance(5000);
    expect((await refused).code).toBe("endpoint_stalled");
    await until(() => scene.server.openStreams("FetchJWTSVID") === 0);
  });

  it("is not there without the JWT profile", async () => {
    for (const [offered, wanted] of [
      [["x509"], ["x509", "jwt"]],
      [["x509", "jwt"], ["x509"]],
    ] as const) {
      const scene = await createScene({ profiles: offered });
      const identity = await scene.open({ profiles: wanted });
      const error = await credentialErrorOf(identity.jwtSvid({ audience: "orders" }));
      expect(error.code).toBe("endpoint_unsupported");
      expect(fetches(scene)).toEqual([]);
    }
  });

  it.each([
    ["no audience", {}, "audience"],
    ["an empty list of audiences", { audience: [] }, "audience"],
    ["an empty audience", { audience: ["a", ""] }, "audience[1]"],
    ["an ID that is none", { audience: "a", id: "wa-a" }, "id"],
    ["a misspelt option", { audience: "a", spiffeId: own }, "spiffeId"],
  ])("refuses %s", async (_, options, option) => {
    const { open } = await createScene();
    const identity = await open();
    const refused = identity.jwtSvid(options as { audience: string });
    await expect(refused).rejects.toBeInstanceOf(ConfigurationError);
    await expect(refused).rejects.toMatchObject({ code: "option_invalid", option });
  });
});

describe("a JWT-SVID that was not asked for", () => {
  const id = { workload: "/wa-a", other: "/wa-b", spiffeId: "spiffe://td.example/wa-b" };
  type Make = (scene: Scene) => Promise<WorkloadApiFault>;
  const issue =
    (workload: string, options: Parameters<Scene["domain"]["issueJwtSvid"]>[1]): Make =>
    async ({ domain }) =>
      answer(await domain.issueJwtSvid(workload, options));

  it.each<[string, Make, readonly string[], string]>([
    [
      "is named for another workload",
      async () => alter(() => ({ spiffeId: id.spiffeId })),
      [],
      "no JWT-SVID of the workload that was asked for",
    ],
    [
      "is not there",
      async () => ({ kind: "alter", method: "FetchJWTSVID", change: () => ({ svids: [] }) }),
      [],
      "no JWT-SVID of the workload that was asked for",
    ],
    [
      "WA-047 is of another workload",
      issue(id.other, { audience: ["a", "b"] }),
      [],
      "of another workload",
    ],
    [
      "WA-047 is for another audience",
      issue(id.workload, { audience: ["x"] }),
      ["token_audience_mismatch"],
      "the aud of a token does not name",
    ],
    [
      "WA-047 is for one audience less",
      issue(id.workload, { audience: ["a"] }),
      [],
      "for another audience",
    ],
    ["has expired", issue(id.workload, { audience: ["a", "b"], ttlSeconds: 0 }), [], "has expired"],
    [
      "is not valid yet",
      async (scene) =>
        issue(id.workload, { audience: ["a", "b"], claims: { nbf: scene.domain.now() + 60 } })(
          scene,
        ),
      ["token_not_yet_valid"],
      "not valid yet",
    ],
    ["is not a token", async () => answer("x"), ["token_malformed"], "not a compact JWS"],
    [
      "is of another trust domain that calls itself alike",
      async ({ clock }) => {
        const evil = await createTrustDomain("td.example", { clock });
        return answer(await evil.issueJwtSvid(id.workload, { audience: ["a", "b"] }));
      },
      ["token_key_unknown"],
      "no authority with the kid",
    ],
  ])("is refused, and not kept: %s", async (_, make, causes, message) => {
    const scene = await createScene();
    const identity = await scene.open();
    const end = scene.server.fault(await make(scene));
    const error = await credentialErrorOf(identity.jwtSvid({ audience: ["a", "b"] }));
    expect(codesOf(error)).toEqual(["response_invalid", ...causes]);
    expect(error.message).toContain(message);
    end();
    expect((await identity.jwtSvid({ audience: ["a", "b"] })).svid.id.toString()).toBe(own);
    expect(fetches(scene)).toHaveLength(2);
  });
});
