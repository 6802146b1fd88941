// What a decision among many rules costs, told in signature checks of the same run.

import { generateKeyPairSync, sign, verify } from "node:crypto";
import { allow, createRuleSet, type Policy, type PolicyRule, SpiffeId } from "@firsthand/core";

const rounds = 15;
const perRound = 2000;
const sizes = [1, 10, 100, 1000, 10_000];

const caller = {
  id: SpiffeId.parse("spiffe://shop.example/ns/shop/sa/w0"),
  credential: {
    kind: "x509-svid",
    thumbprint: "",
    notBefore: 0,
    expiresAt: 2 ** 31,
    issuer: undefined,
  },
  proof: { format: "svid-proof-1", binding: "full", idHash: "", issuedAt: 0, expiresAt: 60 },
  onBehalfOf: undefined,
} as const;
const request = { method: "POST", path: "/v1/orders0/7", query: undefined, time: 0 };

/** Rules as a service with many callers has them: each names a caller, a method and a path. */
function rulesOf(size: number): readonly PolicyRule[] {
  return Array.from({ length: size }, (_, index) => ({
    name: `rule ${index}`,
    effect: "allow",
    callers: [`spiffe://shop.example/ns/shop/sa/w${index}`],
    methods: ["GET", "POST"],
    paths: [`/v1/orders${index}/*`],
  }));
}

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const message = Buffer.alloc(400, "a");
const signature = sign("sha256", message, privateKey);

const decidingBy = (policy: Policy) => () => {
  const answer = policy(caller, request);
  if (typeof answer !== "object" || !("effect" in answer) || answer.effect !== "allow") {
    throw new Error("it was not allowed");
  }
};
const contenders = new Map<string, () => void>([
  [
    "one ES256 signature check",
    () => {
      if (!verify("sha256", message, publicKey, signature)) throw new Error("it does not verify");
    },
  ],
  ["allow(one ID)", decidingBy(allow(caller.id.toString()))],
  ...sizes.map((size) => {
    const { decide } = createRuleSet({ rules: rulesOf(size) });
    return [`${size} rules`, decidingBy(decide)] as const;
  }),
]);

function microsecondsPerCall(run: () => void): number {
  const start = process.hrtime.bigint();
  for (let i = 0; i < perRound; i++) run();
  return Number(process.hrtime.bigint() - start) / perRound / 1000;
}

const measured = new Map<string, number[]>([...contenders.keys()].map((name) => [name, []]));
for (const run of contenders.values()) microsecondsPerCall(run); // warms up
for (let round = 0; round < rounds; round++) {
  for (const [name, run] of contenders) measured.get(name)?.push(microsecondsPerCall(run));
}

const medianOf = (values: readonly number[] = []) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const check = medianOf(measured.get("one ES256 signature check"));

console.log(`Node ${process.version}, medians of ${rounds} rounds of ${perRound} calls each`);
console.table(
  Object.fromEntries(
    [...measured].map(([name, values]) => {
      const median = medianOf(values);
      const ratio = `1 / ${Math.round(check / median)}`;
      return [name, { microseconds: median.toFixed(2), "of a signature check": ratio }];
    }),
  ),
);
