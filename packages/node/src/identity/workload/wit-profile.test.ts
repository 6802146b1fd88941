import { CredentialError } from "@firsthand/core";
import { createTestClock, createTrustDomain } from "@firsthand/testing";
import { describe, expect, it } from "vitest";
import { codesOf } from "./faults.test-support.js";
import { ProfileBoard } from "./profile-board.js";
import { createScene, firstBackoff, until, untilState } from "./scene.test-support.js";
import { WitProfile } from "./wit-profile.js";

const profiles = ["wit"] as const;
const delay = (method: "FetchWITSVID" | "FetchWITBundles") =>
  ({ kind: "delay", methods: [method] }) as const;

describe("the two streams of the WIT profile", () => {
  it.each(["FetchWITSVID", "FetchWITBundles"] as const)(
    "have to be heard both at the beginning, %s last",
    async (method) => {
      const { open, server } = await createScene();
      const end = server.fault(delay(method));
      const opening = open({ profiles });
      await until(() => server.openStreams() === 2);
      end();
      expect((await opening).credentials()).toMatchObject([{ kind: "wit-svid" }]);
    },
  );

  it("may bring the SVID before the authority that signed it", async () => {
    const { open, server, domain } = await createScene();
    const identity = await open({ profiles });
    const [before] = identity.credentials();
    await domain.rotateAuthorities();
    const end = server.fault(delay("FetchWITBundles"));
    await server.rotate();
    const { reason } = await untilState(identity, { status: "stale", code: "response_invalid" });
    expect(codesOf(reason)).toEqual(["response_invalid", "token_key_unknown"]);
    expect(identity.credentials()).toEqual([before]);
    end();
    await untilState(identity, { status: "ready" });
    expect(identity.credentials()).not.toEqual([before]);
    expect(identity.trustBundle(domain.name)?.witAuthorities.size).toBe(2);
  });

  it("may bring the authority before the SVID that it signed", async () => {
    const { open, server, domain } = await createScene();
    const identity = await open({ profiles });
    const [before] = identity.credentials();
    await domain.rotateAuthorities();
    const end = server.fault(delay("FetchWITSVID"));
    await server.rotate();
    await until(() => identity.trustBundle(domain.name)?.witAuthorities.size === 2);
    expect(identity.credentials()).toEqual([before]);
    expect(identity.state.status).toBe("ready");
    end();
    await until(() => identity.credentials()[0] !== before);
    expect(identity.state.status).toBe("ready");
  });

  it.each([
    ["FetchWITSVID", "pushBundles"],
    ["FetchWITBundles", "rotate"],
  ] as const)("bring back nothing after a denial of %s", async (denied, deliver) => {
    const { open, server, domain, clock } = await createScene();
    const identity = await open();
    const methods = [denied];
    const end = server.fault({ kind: "status", code: "PERMISSION_DENIED", methods });
    server.endStreams({ code: "UNAVAILABLE" });
    await until(() => clock.pendingDelays().filter((wait) => wait === firstBackoff).length === 4);
    clock.advance(firstBackoff);
    await until(() => server.openStreams() === 3);
    await untilState(identity, { status: "stale", code: "workload_unregistered" });
    await domain.rotateAuthorities();
    const bundle = identity.trustBundle(domain.name);
    await server[deliver]();
    await until(() => identity.trustBundle(domain.name) !== bundle);
    expect(identity.credentials()).toMatchObject([{ kind: "x509-svid" }]);
    expect(identity.trustBundle(domain.name)?.witAuthorities.size).toBe(0);
    end();
    clock.advance(2 * firstBackoff);
    await untilState(identity, { status: "ready" });
    expect(identity.credentials()).toHaveLength(2);
    expect(identity.trustBundle(domain.name)?.witAuthorities.size).toBe(2);
  });
});

describe("messages of both streams that cross each other", () => {
  const clock = createTestClock();
  const rules = { id: undefined, hint: undefined, expectedTrustDomain: undefined, clock };

  async function createPair() {
    const domain = await createTrustDomain("td.example", { clock });
    const board = new ProfileBoard(["wit"], clock);
    const profile = new WitProfile(board, rules);
    async function svids() {
      const { token, privateKey, credential } = await domain.issueWitSvid("/a");
      const spiffeId = credential.id.toString();
      return { svids: [{ spiffeId, token, privateKey: JSON.stringify(privateKey), hint: "" }] };
    }
    function bundles() {
      const { keys } = JSON.parse(domain.bundleDocument()) as { keys: { use: string }[] };
      const document = JSON.stringify({ keys: keys.filter(({ use }) => use === "wit-svid") });
      return { bundles: new Map([["spiffe://td.example", document]]) };
    }
    await Promise.all([profile.receiveSvids(await svids()), profile.receiveBundles(bundles())]);
    return { domain, board, profile, svids, bundles };
  }

  const turns = Array.from({ length: 60 }, (_, turn) => turn);

  async function afterTurns(count: number): Promise<void> {
    for (let turn = 0; turn < count; turn++) await undefined;
  }

  it.each([1, -1])("leave the newest of both in use (%i)", async (order) => {
    const { domain, board, profile, svids, bundles } = await createPair();
    for (const turn of turns) {
      await domain.rotateAuthorities();
      domain.revokeOldAuthorities();
      const messages = { svids: await svids(), bundles: bundles() };
      const receive = [
        () => profile.receiveSvids(messages.svids),
        () => profile.receiveBundles(messages.bundles),
      ];
      const [first, second] = order === 1 ? receive : receive.reverse();
      const received = first?.();
      await afterTurns(turn);
      await Promise.all([received, second?.()]);
      const { credential, bundles: held } = board.stateOf("wit") ?? {};
      expect(credential).toMatchObject({ token: messages.svids.svids[0]?.token });
      const authorities = held?.get(domain.name)?.value.witAuthorities;
      expect([...(authorities?.keys() ?? [])]).toEqual(
        domain.authorities.wit.map(({ keyId }) => keyId),
      );
      expect(board.trouble).toBeUndefined();
    }
  });

  it("leave nothing when one of them is denied meanwhile", async () => {
    const { board, profile, svids, bundles } = await createPair();
    const denial = new CredentialError("workload_unregistered");
    for (const turn of turns) {
      const received = profile.receiveBundles(bundles());
      await afterTurns(turn);
      profile.failSvids(denial);
      await received;
      expect(board.stateOf("wit")).toBeUndefined();
      await profile.receiveSvids(await svids());
      expect(board.stateOf("wit")).toBeDefined();
    }
  });
});
