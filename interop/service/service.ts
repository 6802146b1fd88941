// A service in a process of its own, whose identity comes from the Workload API that it is told of.

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { allow, type Observation, parseTrustDomain } from "@firsthand/core";
import { openWorkloadIdentity } from "@firsthand/node";
import { Load, makeCall } from "./caller.js";
import { createApp } from "./create-app.js";
import type { Call, FromService, ServiceSettings, ServiceStatus, TaskRequest } from "./messages.js";

process.once("disconnect", () => process.exit());

const settings = JSON.parse(process.argv[2] ?? "") as ServiceSettings;
const { address, id } = settings;
const identity = await openWorkloadIdentity({ address, id });

const thumbprints: string[] = [];
function rememberCredential(): void {
  if (identity.state.status === "expired") return;
  const [credential] = identity.credentials();
  if (credential && credential.thumbprint !== thumbprints.at(-1)) {
    thumbprints.push(credential.thumbprint);
  }
}
rememberCredential();
identity.subscribe(rememberCredential);

/** How often the Workload API said that there is no identity any more. */
let withdrawals = 0;
identity.subscribe(({ status, reason }) => {
  if (status === "expired" && reason?.code === "workload_unregistered") withdrawals += 1;
});

let refusals: string[] = [];
function rememberRefusal(observation: Observation): void {
  if (observation.decision === "refused") refusals.push(observation.error.code);
}

const server = createServer().listen(0, "127.0.0.1");
await once(server, "listening");
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
await createApp(settings.framework, server, {
  identity,
  origin,
  policy: allow(...settings.allow),
  observer: rememberRefusal,
});

let load: Load | undefined;

const tasks = {
  call: (call: Call) => makeCall(identity, call),
  startLoad(calls: readonly Call[]) {
    load = new Load(identity, calls);
  },
  stopLoad: () => load?.stop(),
  countAuthorities: (trustDomain: string) =>
    identity.trustBundle(parseTrustDomain(trustDomain))?.x509Authorities.length ?? 0,
  status(): ServiceStatus {
    const { status, reason, ids } = identity.state;
    const asked = refusals;
    refusals = [];
    return {
      status,
      reason: reason?.code,
      ids: ids.map(String),
      thumbprints,
      refusals: asked,
      withdrawals,
    };
  },
};

process.on("message", ({ task, number, input }: TaskRequest) => {
  void perform(task, input).then(
    (result) => tell({ kind: "done", number, result }),
    (error) => tell({ kind: "failed", number, problem: String(error) }),
  );
});

async function perform(task: TaskRequest["task"], input: unknown): Promise<unknown> {
  return tasks[task](input as Call & readonly Call[] & string);
}

function tell(message: FromService): void {
  process.send?.(message);
}

tell({ kind: "ready", origin });
