import { createTestClock } from "@firsthand/testing";
import { describe, expect, it } from "vitest";
import { systemClock } from "./clock.js";
import { expectOptionError, expectProofError } from "./expect-error.test-support.js";
import { findPeer, type ProverOptions, parseProverOptions } from "./prover-options.js";

const orders = "https://orders.internal";
const id = "spiffe://td.example/orders";
const identity = { credentials: () => [] };

const parse = (options: Readonly<Record<string, unknown>>) =>
  parseProverOptions({ identity, peers: {}, ...options } as ProverOptions);

describe("parseProverOptions", () => {
  it("fills in the defaults", () => {
    const rules = parse({ peers: { [orders]: id } });
    const accept = ["wpt-02", "svid-proof-1", "http-signature-07", "svid-signature-1"];
    expect([...rules.peers.keys()]).toEqual([orders]);
    expect(rules.peers.get(orders)).toMatchObject({ accept });
    expect(rules.peers.get(orders)?.id.toString()).toBe(id);
    expect(rules.tokenHeaders).toEqual([]);
    expect(rules.clock).toBe(systemClock);
    expect(Object.isFrozen(rules)).toBe(true);
  });

  it("keeps what it is given", () => {
    const clock = createTestClock();
    const peers = { [orders]: { id: "wimse://td.example/orders", accept: ["wpt-01"] } };
    const rules = parse({ peers, clock, tokenHeaders: ["X-User-Token"] });
    expect(rules.identity).toBe(identity);
    expect(rules.clock).toBe(clock);
    expect(rules.tokenHeaders).toEqual(["x-user-token"]);
    expect(rules.peers.get(orders)).toMatchObject({ accept: ["wpt-01"] });
    expect(rules.peers.get(orders)?.id.scheme).toBe("wimse");
  });

  it.each([
    ["HTTPS://Orders.Internal:443/", orders],
    ["http://localhost:8080", "http://localhost:8080"],
    ["http://api.localhost", "http://api.localhost"],
    ["http://127.0.0.1:3000", "http://127.0.0.1:3000"],
    ["http://127.1", "http://127.0.0.1"],
    ["http://[::1]:3000", "http://[::1]:3000"],
  ])("reads the origin %s", (origin, normal) => {
    expect([...parse({ peers: { [origin]: id } }).peers.keys()]).toEqual([normal]);
  });

  it.each<[title: string, origin: string, peer: unknown, member?: string]>([
    ["an origin without scheme", "orders.internal", id],
    ["an origin with a path", "https://orders.internal/v1", id],
    ["an origin of another scheme", "ws://orders.internal", id],
    ["plain http:", "http://orders.internal", id],
    ["plain http: to a name that begins like loopback", "http://127.0.0.1.example", id],
    ["plain http: to a name that ends like loopback", "http://notlocalhost", id],
    ["an ID that is none", orders, "orders"],
    ["the ID of a trust domain", orders, "spiffe://td.example"],
    ["an ID with a wildcard", orders, "spiffe://td.example/*"],
    ["a number", orders, 1],
    ["nothing accepted", orders, { id, accept: [] }, ".accept"],
    ["an unknown kind of proof", orders, { id, accept: ["wpt"] }],
    ["a member that does not exist", orders, { id, accepts: ["wpt-02"] }, ".accepts"],
    ["no ID", orders, {}],
  ])("refuses %s, naming the peer", async (_, origin, peer, member = "") => {
    const option = `peers[${JSON.stringify(origin)}]${member}`;
    const error = await expectOptionError(() => parse({ peers: { [origin]: peer } }), option);
    expect(error.message).toContain(`createProver: option ${option}: `);
  });

  it.each<[option: string, value: unknown]>([
    ["identity", undefined],
    ["identity", {}],
    ["peers", undefined],
    ["peers", [orders]],
    ["clock", {}],
    ["peer", {}],
    ["tokenHeaders", "x-user-token"],
  ])("refuses the option %s: %j", async (option, value) => {
    await expectOptionError(() => parse({ [option]: value }), option);
  });
});

describe("parseProverOptions", () => {
  it("refuses an origin that is there twice, in two spellings", async () => {
    const again = "https://ORDERS.internal:443";
    const peers = { [orders]: id, [again]: "spiffe://td.example/other" };
    await expectOptionError(() => parse({ peers }), `peers[${JSON.stringify(again)}]`);
  });

  it("refuses a token header with a name that no header has", async () => {
    await expectOptionError(() => parse({ tokenHeaders: ["X User Token"] }), "tokenHeaders[0]");
  });
});

describe("findPeer", () => {
  const { peers } = parse({ peers: { [orders]: id, "http://localhost:8080": id } });

  it.each([`${orders}/a?b#c`, "https://ORDERS.internal:443/", "http://localhost:8080/a"])(
    "finds the peer of %s",
    (url) => {
      expect(findPeer(new URL(url), peers).id.toString()).toBe(id);
    },
  );

  it.each([
    ["https://user@orders.internal/", "url_invalid"],
    ["https://:secret@orders.internal/", "url_invalid"],
    ["ftp://orders.internal/", "url_invalid"],
    ["data:,x", "url_invalid"],
    ["http://orders.internal/", "transport_insecure"],
    ["http://169.254.169.254/", "transport_insecure"],
    ["https://orders.internal:8443/", "peer_unknown"],
    ["https://orders.internal.example/", "peer_unknown"],
    ["http://localhost/", "peer_unknown"],
  ] as const)("refuses %s: %s", async (url, code) => {
    const error = await expectProofError(() => findPeer(new URL(url), peers), code);
    expect(error.message).not.toContain("secret");
  });
});
