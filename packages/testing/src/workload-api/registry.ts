import type { TestTrustDomain } from "../trust-domain.js";
import type { Workload } from "../workload-id.js";
import type { WorkloadApiState } from "./methods.js";
import {
  type IssuedIdentity,
  issueIdentities,
  type PublishedBundles,
  publishBundles,
  type RegisteredWorkload,
} from "./registration.js";

type Workloads = readonly (Workload | RegisteredWorkload)[];

/** Who is registered, and what was issued to them. */
export class Registry {
  readonly #trustDomain: TestTrustDomain;
  #workloads: Workloads = [];
  #identities: readonly IssuedIdentity[] = [];
  #bundles: PublishedBundles;
  #lastChange: Promise<void> = Promise.resolve();

  constructor(trustDomain: TestTrustDomain) {
    this.#trustDomain = trustDomain;
    this.#bundles = publishBundles(trustDomain);
  }

  get state(): WorkloadApiState {
    return {
      trustDomain: this.#trustDomain,
      identities: this.#identities,
      bundles: this.#bundles,
    };
  }

  /** Issues to the workloads from now on; to those of before, when there are none given. */
  issue(workloads?: Workloads): Promise<void> {
    const change = this.#lastChange.then(() => this.#issue(workloads ?? this.#workloads));
    this.#lastChange = change.catch(() => {});
    return change;
  }

  async #issue(workloads: Workloads): Promise<void> {
    this.#identities = await issueIdentities(this.#trustDomain, workloads);
    this.#workloads = workloads;
    this.refreshBundles();
  }

  refreshBundles(): void {
    this.#bundles = publishBundles(this.#trustDomain);
  }
}
