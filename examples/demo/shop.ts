import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createTrustDomain,
  type IdentityMaterial,
  serveTxnTokens,
  serveWorkloadApi,
  type TestTrustDomain,
  type TxnTokenService,
  type WorkloadApiServer,
} from "@firsthand/testing";
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
  /** Each service with the Workload API that serves it and nobody else. */
  readonly members: readonly Member[];
  /** Knows the customers, and states on whose behalf a request is made. */
  readonly transactions: TxnTokenService;
  /** The folder with the audit log of orders. */
  readonly directory: string;
  /** An X.509-SVID of checkout with its key, issued at the start. */
  readonly early: IdentityMaterial;
}

/** A service of the shop. */
export interface Member {
  readonly service: DemoProcess;
  readonly workloadApi: WorkloadApiServer;
}

/** Starts every process, serves each workload its own identity, and lays the wires. */
export async function openShop(): Promise<Shop> {
  const trustDomain = await createTrustDomain("shop.example");
  const partner = await createTrustDomain("partner.example");
  trustDomain.federate(partner);
  const transactions = await serveTxnTokens({
    trustDomain,
    readSubject: ({ value }) =>
      value === "token-of-alice" ? { subject: "alice", scope: ["order"] } : undefined,
  });

  const directory = await mkdtemp(join(tmpdir(), "firsthand-demo-"));

  async function start(workload: string): Promise<Member> {
    const workloadApi = await serveWorkloadApi({ trustDomain, workloads: [workload] });
    const environment = {
      SPIFFE_ENDPOINT_SOCKET: workloadApi.address,
      TXN_TOKEN_ENDPOINT: transactions.url,
      TXN_TOKEN_KEYS: transactions.keySetUrl,
      AUDIT_LOG: join(directory, "audit.jsonl"),
    };
    return { service: new DemoProcess(`services${workload}.ts`, environment), workloadApi };
  }
  const members = [
    await start("/storefront"),
    await start("/checkout"),
    await start("/orders"),
    await start("/ledger"),
  ] as const;
  const [{ service: storefront }, { service: checkout }, { service: orders }, { service: ledger }] =
    members;
  const legacy = new DemoProcess("services/orders-legacy.ts");
  const sidecar = new DemoProcess("network/sidecar.ts");
  const intruder = new DemoProcess("intruder/intruder.ts");

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
  const early = (await trustDomain.identity("/checkout")).material();
  const processes = { storefront, checkout, orders, ledger, intruder };
  return { ...processes, trustDomain, partner, members, transactions, directory, early };
}
