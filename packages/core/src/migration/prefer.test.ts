import { createTrustDomain, type RequestData } from "@firsthand/testing";
import { beforeAll, describe, expect, it } from "vitest";
import type { VerificationCode } from "../refusal-codes.js";
import {
  createScene,
  now,
  prove,
  type Scene,
  transfer,
  webId,
  withProofClaims,
} from "../scene.test-support.js";
import { audience, end, migrating, outcomeOf } from "./migration.test-support.js";

const otherId = "spiffe://td.example/ns/pay/sa/other";
const policy = () => true;
let scene: Scene;
let token: string;

beforeAll(async () => {
  scene = await createScene();
  token = await scene.domain.issueJwtSvid(webId, { audience: [audience] });
});

const bearer = (text: string, scheme = "Bearer"): RequestData => ({
  ...transfer,
  headers: [...transfer.headers, ["Authorization", `${scheme} ${text}`]],
});

describe("a caller that may come with a bearer JWT-SVID", () => {
  const options = { policy, unsafeMigration: migrating("prefer", webId) };

  it("is known by it, and what it has proved is said: nothing", async () => {
    const { caller, observed } = await outcomeOf(scene, bearer(token), options);
    expect(caller?.id.toString()).toBe(webId);
    expect(caller?.proof).toEqual({
      format: "jwt-svid",
      binding: "none",
      idHash: undefined,
      issuedAt: undefined,
      expiresAt: expect.any(Number),
    });
    expect(caller?.credential).toMatchObject({ kind: "jwt-svid", notBefore: undefined });
    expect(caller?.credential.thumbprint).toMatch(/^[\w-]{43}$/);
    expect(Object.isFrozen(caller)).toBe(true);
    expect(observed).toMatchObject([{ decision: "accepted", caller }]);
  });

  it("is judged by its proof where it has one", async () => {
    const proved = await prove(scene);
    const { caller } = await outcomeOf(scene, proved, options);
    expect(caller?.proof.format).toBe("svid-proof-1");
  });

  it("is not taken for itself when its proof is wrong, whatever token comes with it", async () => {
    const proved = withProofClaims(await prove(scene), scene.web, { htm: "GET" });
    const headers = [...proved.headers, ["Authorization", `Bearer ${token}`]] as const;
    const { caller, code, passes } = await outcomeOf(scene, { ...proved, headers }, options);
    expect({ caller, code, passes }).toEqual({
      caller: undefined,
      code: "proof_method_mismatch",
      passes: false,
    });
  });

  it("is held to the policy", async () => {
    const { code, observed } = await outcomeOf(scene, bearer(token), {
      ...options,
      policy: ({ proof }) => proof.binding === "full",
    });
    expect(code).toBe("caller_forbidden");
    expect(observed[0]?.caller?.id.toString()).toBe(webId);
  });

  it("keeps the iss of its token for the record", async () => {
    const claims = { iss: "https://spire.td.example" };
    const named = await scene.domain.issueJwtSvid(webId, { audience: [audience], claims });
    const { caller } = await outcomeOf(scene, bearer(named), options);
    expect(caller?.credential.issuer).toBe(claims.iss);
  });

  it("has to come over its own connection where the verifier demands that", async () => {
    const same = { ...options, channel: "same-workload" } as const;
    expect((await outcomeOf(scene, bearer(token), same)).code).toBe("channel_missing");
  });

  it.each([{ accept: ["wpt-02"] as const }, { requiredHeaders: ["x-tenant"] }])(
    "has to prove on a route that narrows what it accepts: %o",
    async (route) => {
      const { code } = await outcomeOf(scene, bearer(token), options, route);
      expect(code).toBe("proof_missing");
    },
  );

  it("is known by its connection first, where that counts", async () => {
    const accepting = { ...options, accept: ["svid-proof-1", "mutual-tls"] } as const;
    const credential = (await scene.domain.issueX509Svid(otherId)).chain;
    const over = { ...bearer(token), peerCertificates: credential } as RequestData;
    const { caller } = await outcomeOf(scene, over, accepting);
    expect(caller?.proof.format).toBe("mutual-tls");
    expect((await outcomeOf(scene, bearer(token), accepting)).caller?.proof.format).toBe(
      "jwt-svid",
    );
    expect((await outcomeOf(scene, transfer, accepting)).code).toBe("proof_missing");
  });
});

describe("a bearer JWT-SVID is refused", () => {
  const prefer = migrating("prefer", webId);
  const issue = (id = webId, changes = {}) =>
    scene.domain.issueJwtSvid(id, { audience: [audience], ...changes });

  const rows: readonly (readonly [string, () => Promise<RequestData>, object, VerificationCode])[] =
    [
      ["without a migration", async () => bearer(token), {}, "proof_missing"],
      ["where no audience is named", async () => bearer(token), { callers: [] }, "proof_missing"],
      [
        "of a caller that nobody named",
        async () => bearer(await issue(otherId)),
        prefer,
        "bearer_not_accepted",
      ],
      [
        "of a caller that has to prove",
        async () => bearer(token),
        migrating("require", webId),
        "bearer_not_accepted",
      ],
      [
        "of a caller that has to prove, whom a later entry names as well",
        async () => bearer(token),
        {
          audience,
          callers: [
            { ids: [webId], mode: "require", until: end },
            { ids: ["spiffe://td.example/ns/pay/sa/*"], mode: "prefer", until: end },
          ],
        },
        "bearer_not_accepted",
      ],
      [
        "after the end",
        async () => bearer(token),
        { audience, callers: [{ ids: [webId], mode: "prefer", until: new Date(now * 1000) }] },
        "migration_ended",
      ],
      [
        "after the end of observation",
        async () => bearer(token),
        { audience, callers: [{ ids: [webId], mode: "observe", until: new Date(now * 1000) }] },
        "migration_ended",
      ],
      [
        "for another service",
        async () => bearer(await issue(webId, { audience: ["other"] })),
        prefer,
        "token_audience_mismatch",
      ],
      [
        "that has expired",
        async () => bearer(await issue(webId, { claims: { exp: now - 60 } })),
        prefer,
        "token_expired",
      ],
      ["with another scheme", async () => bearer(token, "DPoP"), prefer, "proof_missing"],
      ["that is none", async () => bearer("opaque"), prefer, "token_malformed"],
      [
        "with its signature left out",
        async () => bearer(`${token.slice(0, token.lastIndexOf("."))}.`),
        prefer,
        "token_malformed",
      ],
      ["without a token", async () => transfer, prefer, "proof_missing"],
    ];

  it.each(rows)("%s", async (_, request, unsafeMigration, expected) => {
    const options = { policy, unsafeMigration };
    const { caller, code, passes } = await outcomeOf(scene, await request(), options);
    expect({ caller, code, passes }).toEqual({ caller: undefined, code: expected, passes: false });
  });

  it("when it is a WIT-SVID", async () => {
    const scene = await createScene({ credentials: ["wit-svid"] });
    const [held] = scene.web.material().credentials;
    const wit = held?.kind === "wit-svid" ? held.token : expect.fail("no WIT-SVID");
    const options = { policy, unsafeMigration: prefer };
    expect((await outcomeOf(scene, bearer(wit), options)).code).toBe("wit_as_bearer");
  });

  it("of another trust domain", async () => {
    const foreign = migrating("prefer", "spiffe://other.example/web");
    const domain = await createTrustDomain("other.example", { clock: scene.clock });
    const foreignToken = await domain.issueJwtSvid("/web", { audience: [audience] });
    const options = { policy, unsafeMigration: foreign };
    expect((await outcomeOf(scene, bearer(foreignToken), options)).code).toBe(
      "trust_domain_unknown",
    );
  });

  it("when the end comes while the verifier runs", async () => {
    const { clock, ...rest } = await createScene();
    const late = await rest.domain.issueJwtSvid(webId, {
      audience: [audience],
      claims: { exp: now + 7200 },
    });
    const options = { policy, unsafeMigration: prefer };
    clock.set(end.getTime() - 1);
    expect((await outcomeOf({ clock, ...rest }, bearer(late), options)).caller).toBeDefined();
    clock.set(end);
    expect((await outcomeOf({ clock, ...rest }, bearer(late), options)).code).toBe(
      "migration_ended",
    );
  });
});
