import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { Gate } from "./gate.js";

/** A connection through a gate: its far end, and the gate. */
async function openGate(silent: boolean) {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const far = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [socket] = (await once(server, "connection")) as [Socket];
  server.close();
  const gate = new Gate(socket, silent);
  onTestFinished(() => {
    far.destroy();
    gate.destroy();
  });
  const received: string[] = [];
  gate.on("data", (chunk) => received.push(String(chunk)));
  return { far, gate, received };
}

/** Turns of the event loop in which something goes over a socket, there and back. */
async function exchangeElsewhere() {
  const { far, gate } = await openGate(false);
  for (const word of ["a", "b", "c", "d", "e"]) {
    far.write(word);
    await once(gate, "data");
    gate.write(word);
    await once(far, "data");
  }
}

describe("a gate", () => {
  it("lets everything pass, both ways, to the end", async () => {
    const { far, gate, received } = await openGate(false);
    far.write("ping");
    await once(gate, "data");
    expect(received).toEqual(["ping"]);
    gate.end("pong");
    expect(String((await once(far, "data"))[0])).toBe("pong");
    await Promise.all([once(far, "end"), once(gate, "close")]);
  });

  it("reads nothing while it is silent from its beginning, and makes up for it", async () => {
    const { far, gate, received } = await openGate(true);
    far.write("ping");
    await exchangeElsewhere();
    expect(received).toEqual([]);
    gate.silent = false;
    await once(gate, "data");
    expect(received).toEqual(["ping"]);
  });

  it("reads nothing while it is silent later on, and makes up for it", async () => {
    const { far, gate, received } = await openGate(false);
    far.write("one");
    await once(gate, "data");
    gate.silent = true;
    far.write("two");
    await exchangeElsewhere();
    expect(received).toEqual(["one"]);
    gate.silent = false;
    await once(gate, "data");
    expect(received).toEqual(["one", "two"]);
  });

  it("writes nothing while it is silent, and makes up for it in order", async () => {
    const { far, gate } = await openGate(false);
    let received = "";
    far.on("data", (chunk) => {
      received += chunk;
    });
    gate.silent = true;
    gate.write("one ");
    gate.end("two");
    await exchangeElsewhere();
    expect(received).toBe("");
    gate.silent = false;
    gate.silent = false;
    await once(far, "end");
    expect(received).toBe("one two");
  });

  it("ends with its socket, and its socket with it", async () => {
    const first = await openGate(false);
    first.far.resetAndDestroy();
    await once(first.gate, "close");
    const second = await openGate(true);
    second.gate.destroy();
    await once(second.far, "close");
    expect([first.gate.destroyed, second.far.destroyed]).toEqual([true, true]);
  });
});
