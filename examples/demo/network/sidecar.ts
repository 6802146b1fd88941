import { createServer } from "node:http";
import { portOf, takePart } from "../process/child.js";
import { fieldOf, receive, reply, send, withField } from "./wire.js";

// Stands for the pair of sidecars between checkout and orders, which is set up as it should be: a
// header that a client brings is replaced, and the name in it comes from the certificate of mutual
// TLS. That certificate names the sidecar of checkout. Who spoke to the sidecar, nobody asked.
const header = "X-Forwarded-Client-Cert";
const value = "By=spiffe://shop.example/orders;URI=spiffe://shop.example/checkout";

const server = createServer(async (incoming, outgoing) => {
  const request = withField(await receive(incoming), header, value);
  reply(outgoing, await send(request, portOf(fieldOf(request, "Host"))));
});

await takePart(server.listen(0, "127.0.0.1"));
