import type { Clock, CredentialError } from "@firsthand/core";
import { retryClassOf } from "../../workload-api/workload-api-client.js";
import type { IdentitySnapshot } from "../assess-identity.js";
import { IdentityHolder } from "../identity-holder.js";
import { combineProfiles } from "./combine-profiles.js";
import type { ProfileState, WorkloadProfile } from "./profile-state.js";

/** What can be in trouble: a stream each, and `wit` for what its two streams say together. */
export type Feed = "x509-svids" | "jwt-bundles" | "wit-svids" | "wit-bundles" | "wit";

/** A feed in trouble. */
interface Trouble {
  readonly error: CredentialError;
  /** How often in succession it failed. */
  readonly failures: number;
}

/** Errors that say that what was delivered before is not ours any more. */
const withdrawals: ReadonlySet<string> = new Set(["workload_unregistered", "identity_unexpected"]);

/** Errors at which an opening does not wait any longer. */
const hopeless: ReadonlySet<string> = new Set(["identity_unexpected", "trust_domain_unexpected"]);

/** Whether a profile's last state has to be dropped. */
export function isWithdrawal({ code }: CredentialError): boolean {
  return withdrawals.has(code);
}

/**
 * Where the profiles come together: the newest state of each and what troubles it. From the first time
 * that none is missing it keeps a holder up to date.
 */
export class ProfileBoard {
  readonly #profiles: readonly WorkloadProfile[];
  readonly #clock: Clock;
  readonly #states = new Map<WorkloadProfile, ProfileState>();
  /** Profiles that are not offered. */
  readonly #absent = new Map<WorkloadProfile, CredentialError>();
  /** The latest last. */
  readonly #troubles = new Map<Feed, Trouble>();
  #snapshot: IdentitySnapshot | undefined;
  #holder: IdentityHolder | undefined;
  #ready: (holder: IdentityHolder) => void = () => undefined;
  #refuse: (error: unknown) => void = () => undefined;

  constructor(profiles: readonly WorkloadProfile[], clock: Clock) {
    this.#profiles = profiles;
    this.#clock = clock;
  }

  /** Waits for the first complete state, or for an error at which waiting does not help. */
  opened(signal: AbortSignal): Promise<IdentityHolder> {
    return new Promise((resolve, reject) => {
      this.#ready = resolve;
      this.#refuse = reject;
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  }

  /** The latest trouble. */
  get trouble(): Trouble | undefined {
    return [...this.#troubles.values()].at(-1);
  }

  /** Of the profiles, those that have not been heard of. */
  get missing(): readonly WorkloadProfile[] {
    return this.#profiles.filter((name) => !this.#states.has(name) && !this.#absent.has(name));
  }

  stateOf(profile: WorkloadProfile): ProfileState | undefined {
    return this.#states.get(profile);
  }

  isOffered(profile: WorkloadProfile): boolean {
    return this.#profiles.includes(profile) && !this.#absent.has(profile);
  }

  /** A profile has a new state, and these feeds are in no trouble any more. */
  deliver(profile: WorkloadProfile, state: ProfileState, ...recovered: readonly Feed[]): void {
    this.#states.set(profile, state);
    for (const feed of recovered) this.#troubles.delete(feed);
    this.#publish();
  }

  /** A feed is in no trouble any more. */
  recover(feed: Feed): void {
    if (this.#troubles.delete(feed)) this.#publish();
  }

  fail(profile: WorkloadProfile, feed: Feed, error: CredentialError): void {
    if (this.#isAbsence(profile, error)) this.#absent.set(profile, error);
    else if (!this.#absent.has(profile)) this.#note(feed, error);
    const isLost = isWithdrawal(error) && this.#states.delete(profile);
    if (this.#holder === undefined || isLost) this.#publish();
    else if (this.trouble !== undefined) this.#holder.degrade(this.trouble.error);
  }

  /** A profile may be missing from the beginning. */
  #isAbsence(profile: WorkloadProfile, { code }: CredentialError): boolean {
    const isOpening = this.#holder === undefined && !this.#states.has(profile);
    return isOpening && code === "endpoint_unsupported";
  }

  /** Drops everything. Nothing may come after it. */
  close(): void {
    this.#holder?.close();
    this.#states.clear();
    this.#snapshot = undefined;
  }

  #note(feed: Feed, error: CredentialError): void {
    const { failures = 0 } = this.#troubles.get(feed) ?? {};
    this.#troubles.delete(feed);
    this.#troubles.set(feed, { error, failures: failures + 1 });
    if (retryClassOf(error) === "stop" || hopeless.has(error.code)) this.#refuse(error);
  }

  #publish(): void {
    this.#snapshot = combineProfiles(this.#states, this.#snapshot);
    const error = this.trouble?.error;
    if (this.#holder === undefined) this.#open(this.#snapshot);
    else if (this.#snapshot.credentials.length > 0) this.#holder.update(this.#snapshot, error);
    else if (error !== undefined) this.#holder.withdraw(error);
  }

  #open(snapshot: IdentitySnapshot): void {
    if (this.missing.length > 0) return;
    const [unsupported] = this.#absent.values();
    if (snapshot.credentials.length === 0 && unsupported !== undefined) {
      this.#refuse(unsupported);
      return;
    }
    this.#holder = new IdentityHolder(snapshot, this.#clock);
    const error = this.trouble?.error;
    if (error !== undefined) this.#holder.degrade(error);
    this.#ready(this.#holder);
  }
}
