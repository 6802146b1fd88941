// One replica of a service in a process of its own. Whoever started it keeps the replay guard.

import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import {
  allow,
  memorySessions,
  type ReplayOutcome,
  sealedSessions,
  type TrustDomain,
} from "@firsthand/core";
import { requireCaller } from "@firsthand/core/http";
import { loadIdentity } from "@firsthand/testing";
import type { FromReplica, ReplicaAnswer, ReplicaSettings, ToReplica } from "./messages.js";

process.once("disconnect", () => process.exit());

const settings = JSON.parse(process.argv[2] ?? "") as ReplicaSettings;
let identity = await loadIdentity(settings.material);
let keys = keysOf(settings.ticketKeys);

const pending = new Map<number, (outcome: ReplayOutcome) => void>();
let count = 0;

const listener = requireCaller(
  {
    identity: {
      trustBundle: (name: TrustDomain) => identity.trustBundle(name),
      credentials: () => identity.credentials(),
    } as typeof identity,
    origin: settings.origin,
    policy: allow("spiffe://shop.example/checkout"),
    sessions:
      settings.sessions === "memory" ? memorySessions() : sealedSessions({ keys: () => keys }),
    replay: {
      claim: (claim) =>
        new Promise((resolve) => {
          count += 1;
          pending.set(count, resolve);
          tell({
            kind: "claim",
            number: count,
            claim: { ...claim, caller: claim.caller.toString() },
          });
        }),
    },
  },
  async (request, response, { proof }) => {
    const content = await text(request);
    const answer: ReplicaAnswer = { process: process.pid, proof: proof.format, content };
    response.end(JSON.stringify(answer));
  },
);

process.on("message", (message: ToReplica) => void take(message));

async function take(message: ToReplica): Promise<void> {
  if (message.kind === "keys") keys = keysOf(message.ticketKeys);
  else if (message.kind === "identity") identity = await loadIdentity(message.material);
  else {
    pending.get(message.number)?.(message.outcome);
    pending.delete(message.number);
  }
}

function keysOf(texts: readonly string[]): readonly Uint8Array[] {
  return texts.map((key) => Buffer.from(key, "base64url"));
}

function tell(message: FromReplica): void {
  process.send?.(message);
}

const server = createServer((request, response) => void listener(request, response));
await once(server.listen(settings.port, "127.0.0.1"), "listening");
tell({ kind: "ready" });
