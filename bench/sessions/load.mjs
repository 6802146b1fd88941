// Sends given requests over some connections, each with one under way, and says how long it took.

import { connect } from "node:net";

const connections = 16;
const port = Number(process.argv[2]);

process.on("message", async (requests) => {
  const sockets = await Promise.all(Array.from({ length: connections }, open));
  const began = performance.now();
  const left = requests.values(); // in their order, since a number far behind is refused
  const failures = await Promise.all(sockets.map((socket) => send(socket, left)));
  const seconds = (performance.now() - began) / 1000;
  for (const socket of sockets) socket.destroy();
  process.send({ seconds, failed: failures.reduce((sum, failed) => sum + failed, 0) });
});

function open() {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(socket));
  });
}

/** Sends what is left, one after the other. A response ends with its content, whose length comes before it. */
function send(socket, left) {
  let [failed, text] = [0, ""];
  return new Promise((resolve) => {
    const sendNext = () => {
      const { done, value } = left.next();
      if (done) resolve(failed);
      else socket.write(value);
    };
    socket.on("data", (data) => {
      text += data.toString("latin1");
      const head = text.indexOf("\r\n\r\n");
      if (head === -1) return;
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1]);
      if (text.length < head + 4 + length) return;
      if (!text.startsWith("HTTP/1.1 200")) failed += 1;
      text = "";
      sendNext();
    });
    sendNext();
  });
}

process.send("ready");
