import type { DemoProcess } from "./process/demo-process.js";
import type { Holdings } from "./process/join-shop.js";
import type { Shop } from "./shop.js";

/**
 * Replaces every authority of the shop and every credential, while the services run: first both the
 * old and the new authorities count, then only the new ones.
 */
export async function replaceEverything({
  trustDomain,
  members,
  transactions,
}: Shop): Promise<void> {
  await trustDomain.rotateAuthorities();
  await transactions.renew();
  for (const { service, workloadApi } of members) {
    const old = await service.perform<Holdings>("holdings");
    await workloadApi.rotate();
    await until(service, ({ credentials, authorities }) => {
      const isNew = credentials.every((credential) => !old.credentials.includes(credential));
      return isNew && authorities === 2 * old.authorities;
    });
  }
  trustDomain.revokeOldAuthorities();
  await transactions.renew();
  for (const { service, workloadApi } of members) {
    const both = await service.perform<Holdings>("holdings");
    await workloadApi.pushBundles();
    await until(service, ({ authorities }) => 2 * authorities === both.authorities);
  }
}

async function until(
  service: DemoProcess,
  isReached: (holdings: Holdings) => boolean,
): Promise<void> {
  while (!isReached(await service.perform<Holdings>("holdings"))) await service.identityChange();
}
