import { onTestFinished } from "vitest";
import { createTestClock } from "../clock.js";
import { createTrustDomain } from "../trust-domain.js";
import { serveWorkloadApi } from "./serve-workload-api.js";
import { openClient } from "./workload-api-client.test-support.js";
import type { WorkloadApiServerOptions } from "./workload-api-server.js";

export const clock = createTestClock();
export const checkoutId = "spiffe://shop.example/checkout";

/** shop.example, which federates with partner.example, served to /checkout until the test ends. */
export async function serve(options: Partial<WorkloadApiServerOptions> = {}) {
  const shop = await createTrustDomain("shop.example", { clock });
  const partner = await createTrustDomain("partner.example", { clock });
  shop.federate(partner);
  const server = await serveWorkloadApi({
    trustDomain: shop,
    workloads: ["/checkout"],
    ...options,
  });
  onTestFinished(() => server.close());
  return { shop, partner, server, client: openClient(server) };
}
