import { parseTrustBundle, parseX509Bundle, SpiffeIdError } from "@firsthand/core";
import { type JwtChange, toProofRequest } from "@firsthand/testing";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { allFormats, createScene, ledger, prove, resigned, type Scene } from "../support/scene.js";

let scene: Scene;

beforeAll(async () => {
  scene = await createScene();
});

describe("a polluted Object.prototype", () => {
  const inherited = {
    alg: "ES256",
    typ: "wpt+jwt",
    aud: "https://ledger.pay.svc:8443/v1/transfers",
  };

  afterEach(() => {
    for (const name of Object.keys(inherited)) Reflect.deleteProperty(Object.prototype, name);
  });

  const missing: readonly (readonly [name: string, change: JwtChange, code: string])[] = [
    ["alg", { header: { alg: undefined }, algorithm: "ES256" }, "token_malformed"],
    ["typ", { header: { typ: undefined } }, "token_type_invalid"],
    ["aud", { claims: { aud: undefined } }, "proof_audience_missing"],
  ];

  it.each(missing)(
    "FC-011 does not lend a proof the %s that it lacks",
    async (name, change, code) => {
      const request = await prove(scene, "wpt-02");
      await ledger(scene).verify(toProofRequest(request));
      const lacking = resigned(scene, "wpt-02", request, change);
      const verifier = ledger(scene);
      Object.assign(Object.prototype, { [name]: Reflect.get(inherited, name) });
      await expect(verifier.verify(toProofRequest(lacking))).rejects.toMatchObject({ code });
    },
  );
});

describe("trust that was withdrawn", () => {
  it.each([
    ["svid-proof-1", "certificate_untrusted"],
    ["wpt-02", "token_key_unknown"],
  ] as const)(
    "TB-030 voids a verdict on the credential of a %s that was kept",
    async (format, code) => {
      const rotated = await createScene();
      const verifier = ledger(rotated);
      await verifier.verify(toProofRequest(await prove(rotated, format)));
      await rotated.domain.rotateAuthorities();
      await rotated.callee.renew();
      await verifier.verify(toProofRequest(await prove(rotated, format)));
      rotated.domain.revokeOldAuthorities();
      await rotated.callee.renew();
      const request = toProofRequest(await prove(rotated, format));
      await expect(verifier.verify(request)).rejects.toMatchObject({ code });
    },
  );
});

describe("a failure that is no refusal", () => {
  it.each(allFormats)(
    "FC-013 in reading the content reaches the application as it is (%s)",
    async (format) => {
      const failure = new RangeError("Array buffer allocation failed");
      const fail = () => Promise.reject(failure);
      const request = {
        ...toProofRequest(await prove(scene, format)),
        content: { buffered: fail, streaming: fail },
      };
      await expect(ledger(scene).verify(request)).rejects.toBe(failure);
      await expect(ledger(scene).verify(request, { content: "streaming" })).rejects.toBe(failure);
    },
  );
});

describe("a bundle", () => {
  it.each([parseTrustBundle, parseX509Bundle])(
    "TB-026 is of a trust domain and never of a workload (%o)",
    async (parse) => {
      const parsed = parse("spiffe://partner.example/x", Buffer.from('{"keys":[]}'));
      await expect(parsed).rejects.toThrow(SpiffeIdError);
    },
  );
});
