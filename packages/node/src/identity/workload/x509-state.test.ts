import { createTestClock, createTrustDomain } from "@firsthand/testing";
import { expect, it } from "vitest";
import type { X509SvidResponse } from "../../workload-api/messages.js";
import { credentialErrorOf } from "./scene.test-support.js";
import { readX509State } from "./x509-state.js";

const clock = createTestClock();
const domain = await createTrustDomain("td.example", { clock });
const rules = { id: undefined, hint: undefined, expectedTrustDomain: undefined, clock };

async function messageOf(...paths: readonly string[]): Promise<X509SvidResponse> {
  const svids = paths.map(async (path) => {
    const { chain, privateKey } = await domain.issueX509Svid(path);
    return {
      spiffeId: `spiffe://td.example${path}`,
      certificates: Buffer.concat(chain),
      key: privateKey,
      bundle: domain.authorities.x509.root.certificate,
      hint: "",
    };
  });
  return { svids: await Promise.all(svids), crl: [], federatedBundles: new Map() };
}

function keysOf({ svids }: X509SvidResponse): readonly boolean[] {
  return svids.map(({ key }) => key.some((byte) => byte !== 0));
}

it("wipes the keys of a message, also of those that are not ours", async () => {
  const message = await messageOf("/a", "/b");
  expect(keysOf(message)).toEqual([true, true]);
  const { state } = await readX509State(message, rules, undefined);
  expect(String(state.credential?.id)).toBe("spiffe://td.example/a");
  expect(keysOf(message)).toEqual([false, false]);
});

it("wipes the keys of a message that is discarded", async () => {
  const { svids, ...rest } = await messageOf("/a", "/b");
  const message = { ...rest, svids: svids.map((svid) => ({ ...svid, bundle: new Uint8Array() })) };
  const error = await credentialErrorOf(readX509State(message, rules, undefined));
  expect(error.code).toBe("response_invalid");
  expect(keysOf(message)).toEqual([false, false]);
});
