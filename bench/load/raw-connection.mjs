import { once } from "node:events";
import { connect } from "node:net";

const headEnd = Buffer.from("\r\n\r\n");
const lastChunk = Buffer.from("\r\n0\r\n\r\n");

/**
 * One kept-alive connection that does as little as can be: it sends bytes that were made before, and
 * waits for the end of one response. Answers with the status.
 */
export async function openConnection(port) {
  const socket = connect(port, "127.0.0.1");
  socket.setNoDelay(true);
  await once(socket, "connect");
  let received = Buffer.alloc(0);
  let waiting;
  socket.on("data", (chunk) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    if (!isWhole(received)) return;
    const status = Number(received.toString("latin1", 9, 12));
    received = Buffer.alloc(0);
    waiting.resolve(status);
  });
  socket.on("error", (error) => waiting?.reject(error));
  socket.on("close", () => waiting?.reject(new Error("the connection was closed")));
  return {
    isOpen: () => socket.writable,
    send(bytes) {
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        socket.write(bytes);
      });
    },
    close() {
      waiting = undefined;
      socket.destroy();
    },
  };
}

function isWhole(response) {
  const end = response.indexOf(headEnd);
  if (end === -1) return false;
  const length = /\r\ncontent-length: *(\d+)/i.exec(response.toString("latin1", 0, end))?.[1];
  if (length !== undefined) return response.length === end + headEnd.length + Number(length);
  return response.subarray(-lastChunk.length).equals(lastChunk);
}
