import { createTrustDomain, type TestTrustDomain } from "@firsthand/testing";
import { DemoProcess } from "./process/demo-process.js";

/** The processes that the demo speaks to, and the trust domains that issue. */
export interface Shop {
  readonly storefront: DemoProcess;
  readonly checkout: DemoProcess;
  readonly orders: DemoProcess;
  readonly ledger: DemoProcess;
  readonly intruder: DemoProcess;
  readonly trustDomain: TestTrustDomain;
  /** Another company. The shop trusts it to name its own workloads. */
  readonly partner: TestTrustDomain;
}

/** Starts every process, gives each workload its own credentials, and lays the wires. */
export async function openShop(): Promise<Shop> {
  const storefront = new DemoProcess("services/storefront.ts");
  const checkout = new DemoProcess("services/checkout.ts");
  const orders = new DemoProcess("services/orders.ts");
  const ledger = new DemoProcess("services/ledger.ts");
  const legacy = new DemoProcess("services/orders-legacy.ts");
  const sidecar = new DemoProcess("network/sidecar.ts");
  const intruder = new DemoProcess("intruder/intruder.ts");

  const trustDomain = await createTrustDomain("shop.example");
  const partner = await createTrustDomain("partner.example");
  trustDomain.federate(partner);
  const issue = async (workload: string, ...credentials: ("x509-svid" | "wit-svid")[]) =>
    (await trustDomain.identity(workload, { credentials })).material();
  storefront.join(await issue("/storefront", "wit-svid"));
  checkout.join(await issue("/checkout", "x509-svid", "wit-svid"));
  orders.join(await issue("/orders", "wit-svid"));
  ledger.join(await issue("/ledger", "x509-svid"));

  await storefront.port;
  const twins = {
    "orders.localhost": await orders.port,
    "orders-legacy.localhost": await legacy.port,
  };
  const onThePath = await intruder.port;
  await storefront.connect({ "checkout.localhost": await checkout.port });
  await checkout.connect({ "orders.localhost": onThePath, "dropship.localhost": onThePath });
  await orders.connect({ "ledger.localhost": await ledger.port });
  await intruder.connect({ ...twins, sidecar: await sidecar.port });
  await sidecar.connect(twins);
  return { storefront, checkout, orders, ledger, intruder, trustDomain, partner };
}
