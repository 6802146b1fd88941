import { field, map, message, repeated } from "./protobuf.js";

/**
 * What each method of the Workload API answers, with the members of its message. The keys of all
 * `bundles` are the SPIFFE IDs of the trust domains, such as `spiffe://shop.example`.
 */
export interface WorkloadApiResponses {
  readonly FetchX509SVID: X509SvidResponse;
  readonly FetchX509Bundles: X509BundlesResponse;
  readonly FetchJWTSVID: JwtSvidResponse;
  readonly FetchJWTBundles: JwtBundlesResponse;
  readonly FetchWITSVID: WitSvidResponse;
  readonly FetchWITBundles: WitBundlesResponse;
}

/** A method of the Workload API that this package serves. */
export type WorkloadApiMethod = keyof WorkloadApiResponses;

export interface X509SvidResponse {
  /** The default identity first. */
  readonly svids: readonly {
    readonly spiffeId: string;
    /** Concatenated DER, leaf first. */
    readonly x509Svid: Uint8Array;
    /** PKCS#8 DER, not encrypted. */
    readonly x509SvidKey: Uint8Array;
    /** Concatenated DER of the authorities of the SVID's own trust domain. */
    readonly bundle: Uint8Array;
    readonly hint: string;
  }[];
  readonly crl: readonly Uint8Array[];
  /** Concatenated DER. */
  readonly federatedBundles: ReadonlyMap<string, Uint8Array>;
}

export interface X509BundlesResponse {
  readonly crl: readonly Uint8Array[];
  /** Concatenated DER. */
  readonly bundles: ReadonlyMap<string, Uint8Array>;
}

export interface JwtSvidResponse {
  /** The default identity first. */
  readonly svids: readonly {
    readonly spiffeId: string;
    readonly svid: string;
    readonly hint: string;
  }[];
}

export interface JwtBundlesResponse {
  /** JWK Sets; the message has them as bytes. */
  readonly bundles: ReadonlyMap<string, string>;
}

export interface WitSvidResponse {
  /** The default identity first. */
  readonly svids: readonly {
    readonly spiffeId: string;
    readonly witSvid: string;
    /** A private JWK, as JSON. */
    readonly witSvidKey: string;
    readonly hint: string;
  }[];
}

export interface WitBundlesResponse {
  /** JWK Sets. */
  readonly bundles: ReadonlyMap<string, string>;
}

/** Each response as its Protocol Buffers message. */
export const encode: {
  readonly [M in WorkloadApiMethod]: (response: WorkloadApiResponses[M]) => Uint8Array;
} = {
  FetchX509SVID: ({ svids, crl, federatedBundles }) => {
    const messages = svids.map((svid) =>
      message(
        field(1, svid.spiffeId),
        field(2, svid.x509Svid),
        field(3, svid.x509SvidKey),
        field(4, svid.bundle),
        field(5, svid.hint),
      ),
    );
    return message(repeated(1, messages), repeated(2, crl), map(3, federatedBundles));
  },
  FetchX509Bundles: ({ crl, bundles }) => message(repeated(1, crl), map(2, bundles)),
  FetchJWTSVID: ({ svids }) => {
    const messages = svids.map(({ spiffeId, svid, hint }) =>
      message(field(1, spiffeId), field(2, svid), field(3, hint)),
    );
    return message(repeated(1, messages));
  },
  FetchJWTBundles: ({ bundles }) => message(map(1, bundles)),
  FetchWITSVID: ({ svids }) => {
    const messages = svids.map(({ spiffeId, witSvid, witSvidKey, hint }) =>
      message(field(1, spiffeId), field(2, witSvid), field(3, witSvidKey), field(4, hint)),
    );
    return message(repeated(1, messages));
  },
  FetchWITBundles: ({ bundles }) => message(map(1, bundles)),
};
