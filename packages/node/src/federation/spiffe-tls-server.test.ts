import { createServer as createPlainServer } from "node:http";
import { createServer } from "node:https";
import { connect, type TLSSocket } from "node:tls";
import { SpiffeId, type WorkloadIdentity } from "@firsthand/core";
import { createTestClock, createTrustDomain } from "@firsthand/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { connectTls } from "../tls/connect-tls.js";
import { document, serve } from "./endpoint-server.test-support.js";
import { type SpiffeTlsServerOptions, spiffeTlsServer } from "./spiffe-tls-server.js";

const clock = createTestClock(Date.now());
const domain = await createTrustDomain("home.example", { clock });
const expected = SpiffeId.parse("spiffe://home.example/bundles");

const serveAs = (identity: WorkloadIdentity) =>
  serve(
    (listener) => spiffeTlsServer((tls) => createServer(tls, listener), { identity, clock }),
    document("{}"),
  );

async function thumbprintAt(port: number): Promise<string> {
  const trust = await domain.identity("/web");
  const { peer, socket } = await connectTls({ host: "127.0.0.1", port, expected, trust, clock });
  socket.destroy();
  return peer.thumbprint;
}

describe("spiffeTlsServer", () => {
  it("presents the credential of the moment, to those who show none", async () => {
    const identity = await domain.identity("/bundles");
    const { port } = await serveAs(identity);
    const thumbprints: string[] = [];
    for (let round = 0; round < 3; round++) {
      thumbprints.push(await thumbprintAt(port));
      expect(thumbprints.at(-1)).toBe(identity.credentials()[0]?.thumbprint);
      await identity.renew();
    }
    expect(new Set(thumbprints).size).toBe(3);
  });

  it.each(["TLSv1.2", "TLSv1.3"] as const)("speaks %s, and resumes nothing", async (version) => {
    const { port } = await serveAs(await domain.identity("/bundles"));
    const options = { host: "127.0.0.1", port, maxVersion: version, rejectUnauthorized: false };
    const open = async (session?: Buffer) => {
      const socket = connect({ ...options, session });
      onTestFinished(() => void socket.destroy());
      await new Promise((resolve, reject) => {
        socket.once("secureConnect", resolve).once("error", reject);
      });
      return socket;
    };
    const first: TLSSocket = await open();
    const again = await open(first.getSession());
    expect(again.getProtocol()).toBe(version);
    expect(again.isSessionReused()).toBe(false);
  });

  it("lets nobody in without a credential", async () => {
    const { port, requests } = await serveAs({
      credentials: () => [],
      trustBundle: () => undefined,
    });
    await expect(thumbprintAt(port)).rejects.toThrow();
    expect(requests).toEqual([]);
  });

  it.each<[title: string, act: () => unknown, option: string]>([
    ["no identity", () => spiffeTlsServer(createServer, {} as SpiffeTlsServerOptions), "identity"],
    [
      "peers, which only mutual TLS has",
      () => spiffeTlsServer(createServer, { peers: [] } as unknown as SpiffeTlsServerOptions),
      "identity",
    ],
    [
      "a server without TLS",
      () => {
        const identity = { credentials: () => [], trustBundle: () => undefined };
        return spiffeTlsServer(() => createPlainServer() as never, { identity });
      },
      "create",
    ],
  ])("refuses %s", (_, act, option) => {
    expect(act).toThrow(expect.objectContaining({ code: "option_invalid", option }));
  });
});
