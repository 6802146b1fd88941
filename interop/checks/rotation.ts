import assert from "node:assert/strict";
import { waitUntil } from "../runner/wait.js";
import { type Shop, underLoad } from "../shop.js";
import type { World } from "../world.js";
import { assertUndisturbed } from "./expectations.js";

const rotations = 4;
const rotationMilliseconds = 60_000;

export async function checkRotation({ report }: World, shop: Shop): Promise<void> {
  await report.check(`${rotations} rotations of each service, no request fails`, async () => {
    const services = Object.values(shop).map(({ service }) => service);
    const before = await Promise.all(services.map((service) => service.status()));
    const load = await underLoad(shop, async () => {
      for (const [at, service] of services.entries()) {
        const enough = (before[at]?.thumbprints.length ?? 0) + rotations;
        await waitUntil(
          `${rotations} rotations of ${service.name}`,
          rotationMilliseconds,
          async () => {
            const { thumbprints } = await service.status();
            return new Set(thumbprints).size >= enough;
          },
        );
      }
    });
    assertUndisturbed(load);
    for (const service of services) assert.equal((await service.status()).status, "ready");
  });
}
