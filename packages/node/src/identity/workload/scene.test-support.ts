import { setImmediate } from "node:timers/promises";
import { CredentialError } from "@firsthand/core";
import {
  createTestClock,
  createTrustDomain,
  serveWorkloadApi,
  type TestClock,
  type TestTrustDomain,
  type WorkloadApiServer,
  type WorkloadApiServerOptions,
} from "@firsthand/testing";
import { expect, onTestFinished } from "vitest";
import type { IdentityState } from "../identity-state.js";
import { openIdentity } from "./open-workload-identity.js";
import type { WorkloadApiIdentity } from "./workload-api-identity.js";
import type { WorkloadIdentityOptions } from "./workload-identity-options.js";

/** The jitter of every test: the first wait is then 770 ms, and no other wait is as long. */
const random = () => 0.77;
export const firstBackoff = 770;

/** A trust domain with its Workload API on a socket, on a clock that stands still. */
export interface Scene {
  readonly clock: TestClock;
  readonly domain: TestTrustDomain;
  readonly server: WorkloadApiServer;
  open(options?: WorkloadIdentityOptions): Promise<WorkloadApiIdentity>;
}

export async function createScene(
  options: Partial<WorkloadApiServerOptions> & { readonly federated?: TestTrustDomain } = {},
): Promise<Scene> {
  const { federated, ...serverOptions } = options;
  const clock = createTestClock();
  const domain = await createTrustDomain("td.example", { clock });
  if (federated !== undefined) domain.federate(federated);
  const server = await serveWorkloadApi({
    trustDomain: domain,
    workloads: ["/wa-a"],
    ...serverOptions,
  });
  onTestFinished(() => server.close());
  return {
    clock,
    domain,
    server,
    open: (opened) => openAt(server.address, clock, opened),
  };
}

/** Opens an identity that is closed when the test ends. */
export async function openAt(
  address: string,
  clock: TestClock,
  options: WorkloadIdentityOptions = {},
): Promise<WorkloadApiIdentity> {
  const identity = await openIdentity({ address, clock, ...options }, random);
  onTestFinished(() => identity.close());
  return identity;
}

/** Lets everything else go on until something holds, or the test has run out of time. */
export async function until(holds: () => boolean): Promise<void> {
  let isOver = false;
  onTestFinished(() => {
    isOver = true;
  });
  while (!isOver && !holds()) await setImmediate();
}

/** Waits until something waits for so long, and lets the time pass. */
export async function passDelay(clock: TestClock, milliseconds: number): Promise<void> {
  const isWaited = () => clock.pendingDelays().some((delay) => delay === milliseconds);
  await until(isWaited);
  clock.advance(milliseconds);
}

/** The state once it is as it should be. */
export async function untilState(
  identity: WorkloadApiIdentity,
  expected: { readonly status: IdentityState["status"]; readonly code?: string | undefined },
): Promise<IdentityState> {
  const { status, code } = expected;
  await until(() => identity.state.status === status && identity.state.reason?.code === code);
  return identity.state;
}

/** What work is refused with. */
export async function credentialErrorOf(work: Promise<unknown>): Promise<CredentialError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CredentialError);
  return error as CredentialError;
}
