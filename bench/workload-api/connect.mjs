import { report } from "./report.mjs";

const [{ createClient }, { createGrpcTransport }, { SpiffeWorkloadAPI }, { connect }] =
  await Promise.all([
    import("@connectrpc/connect"),
    import("@connectrpc/connect-node"),
    import("./messages.mjs"),
    import("node:net"),
  ]);
const imported = performance.now();
const path = new URL(process.env.SPIFFE_ENDPOINT_SOCKET).pathname;
const transport = createGrpcTransport({
  baseUrl: "http://localhost",
  nodeOptions: { createConnection: () => connect({ path }) },
});
const headers = { "workload.spiffe.io": "true" };
for await (const { svids } of createClient(SpiffeWorkloadAPI, transport).fetchX509SVID(
  {},
  { headers },
)) {
  report(imported, svids[0].spiffeId);
}
