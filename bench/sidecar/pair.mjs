import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { startExecutable } from "../harness/child.mjs";
import { freePort } from "../harness/free-port.mjs";

/** Starts two proxies, one beside each service, that speak mutual TLS with each other. */
export async function startPair(name, proxy, files, appPort) {
  const [listen, between] = [await freePort(), await freePort()];
  const start = (side, ports) => {
    const text = proxy[side]({ ...ports, files });
    const path = files.write(`${name}-${side}.${name === "envoy" ? "json" : "cfg"}`, text);
    return startExecutable(proxy.command, proxy.argsOf(path, files.folder));
  };
  const far = start("far", { listen: between, to: appPort });
  const near = start("near", { listen, to: between });
  await Promise.all([untilOpen(between, far), untilOpen(listen, near)]);
  return { origin: `http://127.0.0.1:${listen}`, near, far };
}

async function untilOpen(port, { output }) {
  for (let tries = 0; tries < 100; tries++) {
    const socket = connect(port, "127.0.0.1");
    try {
      await once(socket, "connect");
      return;
    } catch {
      await sleep(100);
    } finally {
      socket.destroy();
    }
  }
  throw new Error(`nothing listens on ${port}: ${output()}`);
}
