import { createServer, type RequestListener, request as send } from "node:http";
import { buffer } from "node:stream/consumers";

/** What a gateway does to what passes through it. */
export type Meddling = "nothing" | "the tenant" | "the body" | "the answer";

/** A gateway that reads everything and changes one thing. */
export function createGateway(port: () => number, meddling: () => Meddling) {
  const forward: RequestListener = async (incoming, outgoing) => {
    const { method, url: path } = incoming;
    const headers = { ...incoming.headers };
    if (meddling() === "the tenant") headers["x-tenant"] = "red";
    const body = String(await buffer(incoming));
    const onward = send({ host: "127.0.0.1", port: port(), method, path, headers });
    onward.end(meddling() === "the body" ? body.replace("1", "9") : body);
    onward.on("response", async (response) => {
      const answer = String(await buffer(response));
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      outgoing.end(meddling() === "the answer" ? answer.replace("1", "9") : answer);
    });
  };
  return createServer(forward);
}
