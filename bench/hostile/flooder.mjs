// Sends one bad request again and again, over some connections, so many a second until it is told to stop.
import { setPriority } from "node:os";
import { loadIdentity } from "@firsthand/testing";
import { data, serveQuestions } from "../harness/program.mjs";
import { changes } from "../load/bad-proofs.mjs";
import { identitySigner } from "../load/identity-signer.mjs";
import { createPreparer } from "../load/prepared-requests.mjs";
import { openConnection } from "../load/raw-connection.mjs";

setPriority(19); // honest callers, beside it, have their core when they need it
const signerFor = identitySigner(await loadIdentity(data.trust.caller));
let stop;

/** One request at a time on each connection: what is due while all of them wait is sent later. */
async function begin({ port, change, connections, perSecond }) {
  const [request] = await createPreparer(signerFor(port), port)(1, { change: changes[change] });
  const open = () => openConnection(port);
  const idle = await Promise.all(Array.from({ length: connections }, open));
  const statuses = {};
  const start = performance.now();
  let sent = 0;
  let isOver = false;

  async function send(connection) {
    const status = await connection.send(request);
    statuses[status] = (statuses[status] ?? 0) + 1;
    idle.push(connection);
  }

  const pumped = new Promise((resolve, reject) => {
    (function pump() {
      const due = ((performance.now() - start) / 1000) * perSecond;
      for (; !isOver && sent < due && idle.length > 0; sent++) send(idle.pop()).catch(reject);
      if (isOver && idle.length === connections) resolve();
      else setImmediate(pump);
    })();
  });

  pumped.catch(() => undefined); // said when it is told to stop

  stop = async () => {
    isOver = true;
    await pumped;
    const seconds = (performance.now() - start) / 1000;
    for (const connection of idle) connection.close();
    return { perSecond: sent / seconds, statuses };
  };
  return "begun";
}

serveQuestions("ready", (question) => (question === "stop" ? stop() : begin(question)));
