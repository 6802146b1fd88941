import {
  type Clock,
  ConfigurationError,
  parseTrustBundle,
  parseTrustDomain,
  systemClock,
  type TrustBundle,
  type TrustDomain,
} from "@firsthand/core";
import { type Authorities, type AuthorityOptions, createAuthorities } from "./authorities.js";
import { bundleDocumentOf } from "./bundle-document.js";
import type { CredentialMaterial, IdentityMaterial } from "./identity.js";
import { createKeyring, type KeyProvider, type KeyType, type SpiffeAlgorithm } from "./keys.js";
import { type IdentityOptions, openTestIdentity, type TestIdentity } from "./test-identity.js";
import {
  type IssuedWitSvid,
  type IssueJwtSvidOptions,
  type IssueWitSvidOptions,
  issueJwtSvid,
  issueWitSvid,
  type TokenIssuer,
} from "./token/issue-token-svid.js";
import type { SigningKey } from "./token/signing-key.js";
import { type Workload, workloadIdOf } from "./workload-id.js";
import {
  type IssuedX509Svid,
  type IssueX509SvidOptions,
  issueX509Svid,
} from "./x509/issue-x509-svid.js";
import type { CertificateTemplate } from "./x509/template.js";

/** How a trust domain differs from the usual one. */
export interface TrustDomainOptions {
  /** By default the clock of the machine. */
  readonly clock?: Clock | undefined;
  /** Of the X.509 authorities; by default P-256. */
  readonly keyType?: KeyType | undefined;
  /** What tokens can be signed with, the usual one first; by default ES256 only. */
  readonly tokenAlgorithms?: readonly SpiffeAlgorithm[] | undefined;
  /** Fixed private keys. With these and a fixed clock everything issued has the same content again. */
  readonly keys?: KeyProvider | undefined;
  /** Where root certificates differ from good ones. */
  readonly root?: Partial<CertificateTemplate> | undefined;
  /** Where intermediate certificates differ from good ones. */
  readonly intermediate?: Partial<CertificateTemplate> | undefined;
}

/**
 * Makes a SPIFFE trust domain in this process: X.509, JWT and WIT authorities that issue to whoever
 * asks. For tests, demonstrations and development only.
 *
 * @param name such as `shop.example`
 * @throws {SpiffeIdError} when `name` is not a trust domain name
 */
export async function createTrustDomain(
  name: string,
  options: TrustDomainOptions = {},
): Promise<TestTrustDomain> {
  const { clock = systemClock, keyType = "P-256", tokenAlgorithms = ["ES256"] } = options;
  const authorityOptions: AuthorityOptions = {
    trustDomain: parseTrustDomain(name),
    keyring: createKeyring(options.keys),
    keyType,
    tokenAlgorithms,
    root: options.root ?? {},
    intermediate: options.intermediate ?? {},
  };
  const authorities = await createAuthorities(authorityOptions, 1, secondsOf(clock));
  return new TestTrustDomain(authorityOptions, clock, authorities);
}

/** A trust domain of this process. Made by {@link createTrustDomain}. */
export class TestTrustDomain {
  readonly name: TrustDomain;
  readonly clock: Clock;
  readonly #options: AuthorityOptions;
  readonly #trusted = new Map<TrustDomain, TestTrustDomain>();
  #current: Authorities;
  #old: readonly Authorities[] = [];
  #rotations = 1;
  #sequence = 1;

  /** @internal */
  constructor(options: AuthorityOptions, clock: Clock, authorities: Authorities) {
    this.name = options.trustDomain;
    this.clock = clock;
    this.#options = options;
    this.#current = authorities;
    this.#trusted.set(this.name, this);
  }

  /** Seconds since the epoch, by the clock of the domain. */
  now(): number {
    return secondsOf(this.clock);
  }

  /** The authorities that issue now, with their private keys. */
  get authorities(): Authorities {
    return this.#current;
  }

  /**
   * Issues an X.509-SVID as SPIRE does: a fresh P-256 key, one hour, from ten seconds ago.
   *
   * @throws {ConfigurationError | SpiffeIdError} when `workload` is not one
   * @throws {CredentialError} when the options make it a bad one
   */
  async issueX509Svid(
    workload: Workload,
    options: IssueX509SvidOptions = {},
  ): Promise<IssuedX509Svid> {
    const id = workloadIdOf(this.name, workload);
    const { keyring } = this.#options;
    return issueX509Svid(this.#current.x509, id, this.now(), keyring, options);
  }

  /**
   * Issues a WIT-SVID with a fresh key.
   *
   * @throws {ConfigurationError | SpiffeIdError} when `workload` is not one
   * @throws {ConfigurationError} when no authority of the domain signs with `issuerAlgorithm`
   * @throws {CredentialError} when the options make it a bad one
   */
  async issueWitSvid(
    workload: Workload,
    options: IssueWitSvidOptions = {},
  ): Promise<IssuedWitSvid> {
    const id = workloadIdOf(this.name, workload);
    return issueWitSvid(this.#tokenIssuer(this.#current.wit), id, this.#options.keyring, options);
  }

  /**
   * Issues a JWT-SVID, which is a bearer token: whoever reads it can use it.
   *
   * @throws {ConfigurationError | SpiffeIdError} when `workload` is not one
   * @throws {ConfigurationError} when no authority of the domain signs with `algorithm`
   */
  async issueJwtSvid(workload: Workload, options: IssueJwtSvidOptions): Promise<string> {
    const id = workloadIdOf(this.name, workload);
    return issueJwtSvid(this.#tokenIssuer(this.#current.jwt), id, options);
  }

  /** The SPIFFE bundle document of the domain: current and old authorities. */
  bundleDocument(): string {
    return bundleDocumentOf([...this.#old, this.#current], this.#sequence);
  }

  /** The trust bundle of the domain, as a consumer reads it. */
  bundle(): Promise<TrustBundle> {
    return parseTrustBundle(this.name, this.bundleDocument());
  }

  /**
   * From now on, identities of this domain hold the bundle of the other. Not the reverse.
   *
   * @throws {ConfigurationError} `option_invalid` when the other has the same name
   */
  federate(other: TestTrustDomain): void {
    if (other.name === this.name) {
      throw new ConfigurationError(
        "option_invalid",
        "a trust domain does not federate with itself",
      );
    }
    this.#trusted.set(other.name, other);
  }

  /** The trust domains whose bundles its identities hold: itself, then those it federates with. */
  trusted(): readonly TestTrustDomain[] {
    return [...this.#trusted.values()];
  }

  /**
   * Replaces all authorities. The old ones stay in the bundle, so that what they issued stays good.
   */
  async rotateAuthorities(): Promise<void> {
    this.#rotations += 1;
    const next = await createAuthorities(this.#options, this.#rotations, this.now());
    this.#old = [...this.#old, this.#current];
    this.#current = next;
    this.#sequence += 1;
  }

  /** Takes all authorities but the current ones out of the bundle: what they issued is void. */
  revokeOldAuthorities(): void {
    this.#old = [];
    this.#sequence += 1;
  }

  /**
   * The identity of a workload of this domain: fresh credentials, and the bundles of this domain and
   * of those it federates with.
   *
   * @throws {ConfigurationError | SpiffeIdError} when `workload` is not one
   */
  identity(workload: Workload, options: IdentityOptions = {}): Promise<TestIdentity> {
    return openTestIdentity(() => this.#issueIdentity(workload, options));
  }

  async #issueIdentity(workload: Workload, options: IdentityOptions): Promise<IdentityMaterial> {
    const { credentials: kinds = ["x509-svid"] } = options;
    const credentials = kinds.map(async (kind): Promise<CredentialMaterial> => {
      if (kind === "wit-svid") {
        const { token, privateKey } = await this.issueWitSvid(workload, options.witSvid);
        return { kind, token, privateKey };
      }
      const { chain, privateKey } = await this.issueX509Svid(workload, options.x509Svid);
      return { kind, chain: chain.map(toBase64), privateKey: toBase64(privateKey) };
    });
    const bundles = [...this.#trusted].map(([name, domain]) => [name, domain.bundleDocument()]);
    return {
      credentials: await Promise.all(credentials),
      bundles: Object.fromEntries(bundles),
    };
  }

  #tokenIssuer(keys: readonly SigningKey[]): TokenIssuer {
    const [defaultAlgorithm = "ES256"] = this.#options.tokenAlgorithms;
    return { keys, defaultAlgorithm, now: this.now() };
  }
}

function secondsOf(clock: Clock): number {
  return Math.floor(clock.now() / 1000);
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
