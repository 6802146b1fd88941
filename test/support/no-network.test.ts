import dgram from "node:dgram";
import dns, { lookup } from "node:dns";
import { once } from "node:events";
import http from "node:http";
import http2 from "node:http2";
import net, { type AddressInfo } from "node:net";
import tls from "node:tls";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ForbiddenNetwork, forbidNetwork } from "./no-network.js";

describe("forbidNetwork", () => {
  let network: ForbiddenNetwork;

  beforeEach(() => {
    network = forbidNetwork();
  });

  afterEach(() => network.restore());

  const attempts: [string, string, () => unknown][] = [
    ["fetch", "net.Socket.connect", () => fetch("http://127.0.0.1:49151")],
    ["net.connect", "net.Socket.connect", () => net.connect(49151, "127.0.0.1")],
    ["a file-system socket", "net.Socket.connect", () => net.connect("/nowhere.sock")],
    ["tls.connect", "net.Socket.connect", () => tls.connect(49151, "127.0.0.1")],
    ["http.get", "net.Socket.connect", () => http.get("http://127.0.0.1:49151")],
    ["http2.connect", "net.Socket.connect", () => http2.connect("http://127.0.0.1:49151")],
    ["dgram send", "dgram.Socket.send", () => dgram.createSocket("udp4").send("x", 49151)],
    ["dns.lookup", "dns.lookup", () => dns.lookup("localhost", () => {})],
    ["an imported lookup", "dns.lookup", () => promisify(lookup)("localhost")],
    ["dns.promises", "dns.promises.resolve4", () => dns.promises.resolve4("localhost")],
    ["a resolver", "dns.Resolver.resolveTxt", () => new dns.Resolver().resolveTxt("a", () => {})],
  ];

  it.each(attempts)("refuses and records %s", async (_, recorded, attempt) => {
    await expect((async () => attempt())()).rejects.toThrow();
    expect(network.attempts).toEqual([recorded]);
  });

  it("gives the network back", async () => {
    network.restore();
    const server = http.createServer((_, response) => response.end("hello")).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}`, { headers: { connection: "close" } });
    expect(await response.text()).toBe("hello");
    expect(network.attempts).toEqual([]);
    server.close();
  });
});
