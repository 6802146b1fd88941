import { report } from "./report.mjs";

const [{ Client, credentials, Metadata }, { create, fromBinary, toBinary }, messages] =
  await Promise.all([
    import("@grpc/grpc-js"),
    import("@bufbuild/protobuf"),
    import("./messages.mjs"),
  ]);
const imported = performance.now();
const metadata = new Metadata();
metadata.set("workload.spiffe.io", "true");
const client = new Client(process.env.SPIFFE_ENDPOINT_SOCKET, credentials.createInsecure());
const call = client.makeServerStreamRequest(
  "/SpiffeWorkloadAPI/FetchX509SVID",
  (message) => Buffer.from(toBinary(messages.X509SVIDRequestSchema, message)),
  (bytes) => fromBinary(messages.X509SVIDResponseSchema, bytes),
  create(messages.X509SVIDRequestSchema),
  metadata,
);
call.on("data", ({ svids }) => report(imported, svids[0].spiffeId));
