import { setImmediate } from "node:timers/promises";
import { SpiffeId } from "@firsthand/core";
import { createTestClock, createTrustDomain } from "@firsthand/testing";
import { expect, it } from "vitest";
import { JwtSvidCache } from "./jwt-svid-cache.js";
import type { JwtSvidQuestion } from "./own-jwt-svid.js";

const clock = createTestClock();
const domain = await createTrustDomain("td.example", { clock });
const identity = await domain.identity("/wa-a");
const id = SpiffeId.parse("spiffe://td.example/wa-a");

it("keeps the 1000 that were used last", async () => {
  const fetched: string[] = [];
  const cache = new JwtSvidCache(
    ({ audience }) => {
      fetched.push(...audience);
      return domain.issueJwtSvid(id, { audience });
    },
    identity,
    clock,
  );
  const ask = (at: number) => cache.get({ id, audience: [`service-${at}`] });
  for (let at = 0; at < 1000; at++) await ask(at);
  await ask(0);
  await ask(1000); // in the place of the second
  expect(fetched).toHaveLength(1001);
  for (const at of [0, 2, 999, 1000]) await ask(at);
  expect(fetched).toHaveLength(1001);
  await ask(1);
  expect(fetched.slice(1001)).toEqual(["service-1"]);
});

it("keeps nothing that was on its way when all was forgotten", async () => {
  const release: (() => void)[] = [];
  const cache = new JwtSvidCache(
    async ({ audience }) => {
      await new Promise<void>((resolve) => release.push(resolve));
      return domain.issueJwtSvid(id, { audience });
    },
    identity,
    clock,
  );
  const ask = () => cache.get({ id, audience: ["orders"] });
  const first = ask();
  await setImmediate();
  cache.clear();
  const second = ask();
  await setImmediate();
  release[0]?.();
  const { token } = await first;
  const third = ask();
  release[1]?.();
  expect(await third).toEqual(await second);
  expect((await third).token).not.toBe(token);
  expect(await ask()).toEqual(await second);
  expect(release).toHaveLength(2);
});

it("brings back nothing that was looked at when all was forgotten", async () => {
  const trust = { bundle: await domain.bundle() };
  const source = { trustBundle: () => trust.bundle };
  const fetch = ({ audience }: JwtSvidQuestion) => domain.issueJwtSvid(id, { audience });
  const cache = new JwtSvidCache(fetch, source, clock);
  const ask = () => cache.get({ id, audience: ["orders"] });
  for (let turn = 0; turn < 60; turn++) {
    const { token } = await ask();
    trust.bundle = { ...trust.bundle }; // so that the next one to ask has it validated again
    const asked = ask();
    for (let passed = 0; passed < turn; passed++) await undefined;
    cache.clear();
    await asked;
    expect((await ask()).token).not.toBe(token);
  }
});
