import { connect, createServer, type Socket } from "node:net";
import { createTestClock } from "@firsthand/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { connect as connectSession } from "./connect.js";
import type { Endpoint } from "./endpoint.js";
import { watchPulse } from "./pulse.js";
import {
  credentialErrorOf,
  firstOf,
  iterate,
  listen,
  never,
  openClient,
  respond,
  startRawServer,
  until,
  x509Frame,
  x509State,
} from "./workload-api.test-support.js";

/** A server that sends one message, behind a wire that can fall silent without an end. */
async function startServerBehindWire() {
  const server = await startRawServer((stream) => {
    respond(stream);
    stream.write(x509Frame);
  });
  const { path } = server.endpoint as Extract<Endpoint, { kind: "unix" }>;
  const wires = new Set<Socket>();
  const proxy = createServer((near) => {
    const far = connect(path);
    for (const socket of [near, far]) {
      wires.add(socket);
      socket.on("error", () => undefined);
    }
    near.pipe(far).pipe(near);
  });
  onTestFinished(() => {
    for (const wire of wires) wire.destroy();
    proxy.close();
  });
  function fallSilent(): void {
    for (const wire of wires) wire.unpipe().pause();
  }
  return { endpoint: await listen(proxy), server, fallSilent };
}

describe("a connection", () => {
  it("WA-028 that is half open is found by a ping, and made anew", async () => {
    const { endpoint, fallSilent } = await startServerBehindWire();
    const clock = createTestClock();
    const client = openClient(endpoint, { clock });
    const watches = [client.watchX509Svids(never), client.watchX509Svids(never)].map(iterate);
    await Promise.all(watches.map((watch) => watch.next()));
    fallSilent();
    const errors = watches.map((watch) => credentialErrorOf(watch.next()));
    expect(clock.pendingDelays()).toEqual([20_000]);
    clock.advance(20_000);
    await until(() => clock.pendingDelays()[0] === 10_000);
    clock.advance(10_000);
    for (const error of await Promise.all(errors)) {
      expect(error.code).toBe("endpoint_stalled");
      expect(error.message).toBe("the Workload API fell silent");
    }
    await until(() => clock.pendingDelays().length === 0);
    expect(await firstOf(client.watchX509Svids(never))).toEqual(x509State);
  });

  it("WA-028 that falls silent before the first message is found", async () => {
    const server = createServer((socket) => socket.on("error", () => undefined));
    onTestFinished(() => void server.close());
    const clock = createTestClock();
    const client = openClient(await listen(server), { clock });
    const error = credentialErrorOf(client.fetchJwtSvids({ audience: ["a"] }, never));
    await until(() => clock.pendingDelays().length === 1);
    clock.advance(20_000);
    await until(() => clock.pendingDelays()[0] === 10_000);
    clock.advance(10_000);
    expect((await error).code).toBe("endpoint_stalled");
  });

  it("that answers is pinged every 20 seconds, and stays", async () => {
    const { endpoint, server } = await startServerBehindWire();
    const clock = createTestClock();
    const watch = iterate(openClient(endpoint, { clock }).watchX509Svids(never));
    await watch.next();
    let pings = 0;
    server.sessions[0]?.on("ping", () => pings++);
    for (let round = 1; round <= 3; round++) {
      expect(clock.pendingDelays()).toEqual([20_000]);
      clock.advance(19_999);
      expect(clock.pendingDelays()).toEqual([1]);
      clock.advance(1);
      await until(() => pings === round && clock.pendingDelays()[0] === 20_000);
    }
    expect(server.openSessions.size).toBe(1);
  });

  it("without calls is not pinged", async () => {
    const { endpoint } = await startServerBehindWire();
    const clock = createTestClock();
    const client = openClient(endpoint, { clock });
    await firstOf(client.watchX509Svids(never));
    await until(() => clock.pendingDelays().length === 0);
    await iterate(client.watchX509Svids(never)).next();
    expect(clock.pendingDelays()).toEqual([20_000]);
  });
});

describe("watchPulse", () => {
  it("stops when the session is gone, and when it is called off within a ping", async () => {
    const { endpoint, fallSilent } = await startServerBehindWire();
    const closing = new AbortController();
    const clock = createTestClock();
    for (const stop of ["destroy", "abort"]) {
      const session = await connectSession(endpoint, "unchecked", closing.signal);
      onTestFinished(() => session.destroy());
      const abort = new AbortController();
      const pulse = watchPulse(session, clock, abort.signal);
      if (stop === "destroy") session.destroy();
      fallSilent();
      clock.advance(20_000);
      if (stop === "abort") {
        await until(() => clock.pendingDelays()[0] === 10_000);
        abort.abort();
      }
      await pulse;
      expect(clock.pendingDelays()).toEqual([]);
    }
  });
});
