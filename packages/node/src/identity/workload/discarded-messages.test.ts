import {
  createTestClock,
  createTrustDomain,
  type TestTrustDomain,
  type WorkloadApiFault,
} from "@firsthand/testing";
import { describe, expect, it } from "vitest";
import {
  alterWitSvid,
  alterX509,
  alterX509Svid,
  asPem,
  codesOf,
  encryptedKey,
  federated,
  jwtBundle,
  withGarbage,
} from "./faults.test-support.js";
import { createScene, firstBackoff, passDelay, untilState } from "./scene.test-support.js";
import type { WorkloadApiIdentity } from "./workload-api-identity.js";

const partner = await createTrustDomain("partner.example", { clock: createTestClock() });
/** Another domain that calls itself like ours. */
const evil = await createTrustDomain("td.example", { clock: createTestClock() });
const partnerId = `spiffe://${partner.name}`;
const empty = new Uint8Array();

const partnerSvid = await partner.issueX509Svid("/wa-a");
const partnerWit = await partner.issueWitSvid("/wa-a");
const partnerRoot = partner.authorities.x509.root.certificate;
const evilSvid = await evil.issueX509Svid("/wa-a");
const evilWit = await evil.issueWitSvid("/wa-a");
const evilRoot = evil.authorities.x509.root.certificate;
const { intermediate } = evil.authorities.x509;

const ofPartner = () => ({
  spiffeId: partnerSvid.credential.id.toString(),
  x509Svid: Buffer.concat(partnerSvid.chain),
  x509SvidKey: partnerSvid.privateKey,
  bundle: partnerRoot,
});

const expiredSvid = async (domain: TestTrustDomain) => {
  const options = { notBefore: domain.now() - 7200, ttlSeconds: 3600 };
  const { chain, privateKey } = await domain.issueX509Svid("/wa-a", options);
  return alterX509Svid(() => ({ x509Svid: Buffer.concat(chain), x509SvidKey: privateKey }));
};

const expiredWit = async (domain: TestTrustDomain) => {
  const { token, privateKey } = await domain.issueWitSvid("/wa-a", { ttlSeconds: 0 });
  return alterWitSvid(() => ({ witSvid: token, witSvidKey: JSON.stringify(privateKey) }));
};

type Row = readonly [
  title: string,
  fault: WorkloadApiFault | ((domain: TestTrustDomain) => Promise<WorkloadApiFault>),
  codes: readonly string[],
];

const invalid = "response_invalid";

const rows: readonly Row[] = [
  // a message that is not whole
  ["without an SVID", alterX509((response) => ({ ...response, svids: [] })), [invalid]],
  ["with an empty ID", alterX509Svid(() => ({ spiffeId: "" })), [invalid]],
  ["with an empty certificate", alterX509Svid(() => ({ x509Svid: empty })), [invalid]],
  ["with an empty key", alterX509Svid(() => ({ x509SvidKey: empty })), [invalid]],
  ["WA-018 with an empty bundle", alterX509Svid(() => ({ bundle: empty })), [invalid]],
  [
    "for a trust domain instead of a workload",
    alterX509Svid(() => ({ spiffeId: "spiffe://td.example" })),
    [invalid, "path_missing"],
  ],

  // an SVID that is not ours, or not one
  [
    "WA-019 whose ID is not that of the certificate",
    alterX509Svid(() => ({ spiffeId: "spiffe://td.example/wa-b" })),
    [invalid],
  ],
  ["WA-022 with an expired SVID", expiredSvid, [invalid, "certificate_expired"]],
  [
    "WA-049 with a key in PEM",
    alterX509Svid(({ x509SvidKey }) => ({ x509SvidKey: asPem(x509SvidKey) })),
    [invalid, "credential_key_mismatch"],
  ],
  [
    "WA-049 with an encrypted key",
    alterX509Svid(() => ({ x509SvidKey: encryptedKey() })),
    [invalid, "credential_key_mismatch"],
  ],
  [
    "RO-005 with the certificate of one SVID and the key of another",
    alterX509Svid(() => ({ x509SvidKey: evilSvid.privateKey })),
    [invalid, "credential_key_mismatch"],
  ],
  [
    "with a signing certificate for an SVID",
    alterX509Svid(() => ({
      x509Svid: intermediate.certificate,
      x509SvidKey: new Uint8Array(intermediate.key.export({ format: "der", type: "pkcs8" })),
    })),
    [invalid, "credential_invalid", "certificate_id_invalid"],
  ],
  [
    "with bytes after the chain",
    alterX509Svid(({ x509Svid }) => ({ x509Svid: withGarbage(x509Svid) })),
    [invalid, "certificate_malformed"],
  ],
  [
    "with an SVID that its bundle does not vouch for",
    alterX509Svid(() => ({
      x509Svid: Buffer.concat(evilSvid.chain),
      x509SvidKey: evilSvid.privateKey,
    })),
    [invalid, "certificate_untrusted"],
  ],
  ["WA-031 of another trust domain", alterX509Svid(ofPartner), ["trust_domain_unexpected"]],

  // bundles
  [
    "TB-032 with bytes after the bundle",
    alterX509Svid(({ bundle }) => ({ bundle: withGarbage(bundle) })),
    [invalid, "bundle_invalid", "certificate_malformed"],
  ],
  [
    "with bytes after a federated bundle",
    federated(partnerId, withGarbage(partnerRoot)),
    [invalid, "bundle_invalid", "certificate_malformed"],
  ],
  ["with two bundles of our trust domain", federated("spiffe://td.example", evilRoot), [invalid]],
  [
    "TB-026 with a federated bundle of a workload",
    federated(`${partnerId}/x`, partnerRoot),
    ["response_malformed"],
  ],
  [
    "WA-025 with a federated bundle of __proto__",
    federated("__proto__", partnerRoot),
    ["response_malformed"],
  ],
  ["with a JWT bundle that is not JSON", jwtBundle(partnerId, "{"), [invalid, "bundle_invalid"]],
  [
    "with a private key in a JWT bundle",
    jwtBundle(partnerId, JSON.stringify({ keys: [partnerWit.privateKey] })),
    [invalid, "bundle_key_private"],
  ],
  [
    "without a JWT bundle",
    { kind: "alter", method: "FetchJWTBundles", change: () => ({ bundles: new Map() }) },
    [invalid],
  ],
  [
    "without a WIT bundle",
    { kind: "alter", method: "FetchWITBundles", change: () => ({ bundles: new Map() }) },
    [invalid],
  ],

  // WIT-SVIDs
  [
    "without a WIT-SVID",
    { kind: "alter", method: "FetchWITSVID", change: () => ({ svids: [] }) },
    [invalid],
  ],
  ["with a WIT-SVID without a key", alterWitSvid(() => ({ witSvidKey: "" })), [invalid]],
  [
    "with the key of another WIT-SVID",
    alterWitSvid(() => ({ witSvidKey: JSON.stringify(evilWit.privateKey) })),
    [invalid, "credential_key_mismatch"],
  ],
  ["with a key that is not JSON", alterWitSvid(() => ({ witSvidKey: '{"d":"secret' })), [invalid]],
  ["with a key that is not an object", alterWitSvid(() => ({ witSvidKey: "null" })), [invalid]],
  [
    "with a key that has no text in it",
    alterWitSvid(() => ({ witSvidKey: '{"kty":1}' })),
    [invalid, "credential_key_mismatch"],
  ],
  [
    "with a WIT-SVID that is no token",
    alterWitSvid(() => ({ witSvid: "x" })),
    [invalid, "credential_invalid", "token_malformed"],
  ],
  [
    "with the WIT-SVID of another workload",
    async (domain) => {
      const { token, privateKey } = await domain.issueWitSvid("/wa-b");
      return alterWitSvid(() => ({ witSvid: token, witSvidKey: JSON.stringify(privateKey) }));
    },
    [invalid],
  ],
  [
    "with a WIT-SVID that no authority signed",
    alterWitSvid(() => ({
      witSvid: evilWit.token,
      witSvidKey: JSON.stringify(evilWit.privateKey),
    })),
    [invalid, "token_key_unknown"],
  ],
  ["with an expired WIT-SVID", expiredWit, [invalid]],
  [
    "WA-031 with a WIT-SVID of another trust domain",
    alterWitSvid(() => ({
      spiffeId: partnerWit.credential.id.toString(),
      witSvid: partnerWit.token,
      witSvidKey: JSON.stringify(partnerWit.privateKey),
    })),
    ["trust_domain_unexpected"],
  ],

  // what breaks the stream
  [
    "WA-026 of 64 MiB",
    { kind: "bytes", methods: ["FetchX509SVID"], bytes: Uint8Array.of(0, 4, 0, 0, 0) },
    ["response_too_large"],
  ],
  [
    "that is not a message",
    { kind: "bytes", methods: ["FetchX509SVID"], bytes: Uint8Array.of(0, 0, 0, 0, 1, 7) },
    ["response_malformed"],
  ],
];

/** With these the stream ends; with the others it goes on. */
const breaking: ReadonlySet<string | undefined> = new Set([
  "response_malformed",
  "response_too_large",
]);

/** What an identity gives away, to compare by object. */
function held(identity: WorkloadApiIdentity, domain: TestTrustDomain): readonly unknown[] {
  const bundles = [domain.name, partner.name].map((name) => identity.trustBundle(name));
  return [...identity.credentials(), ...bundles];
}

function expectSame(now: readonly unknown[], before: readonly unknown[]): void {
  expect(now).toHaveLength(before.length);
  for (const [at, object] of before.entries()) expect(now[at]).toBe(object);
}

describe("a message that does not hold together", () => {
  it.each(rows)("is discarded, reported, and leaves all as it was: %s", async (_, fault, codes) => {
    const { open, server, domain, clock } = await createScene({ federated: partner });
    const identity = await open({ expectedTrustDomain: domain.name });
    const before = held(identity, domain);
    const end = server.fault(typeof fault === "function" ? await fault(domain) : fault);
    await server.pushBundles();
    const { reason } = await untilState(identity, { status: "stale", code: codes[0] });
    expect(codesOf(reason).slice(0, codes.length)).toEqual(codes);
    expectSame(held(identity, domain), before);
    end();
    if (breaking.has(codes[0])) await passDelay(clock, firstBackoff);
    else await server.pushBundles();
    expect(await untilState(identity, { status: "ready" })).toMatchObject({ reason: undefined });
    expectSame(held(identity, domain), before);
  });
});
