/** Who wrote the files: each has its own names for them, and mostly its own place. */
export type FileLayout = keyof typeof layouts;

/** Where a layout puts things. */
export interface Layout {
  /** Undefined where whoever sets it up chooses. */
  readonly directory: string | undefined;
  readonly certificates: string;
  readonly privateKey: string;
  readonly bundle?: string | undefined;
  readonly bundleMap?: string | undefined;
}

const google = "/var/run/secrets/workload-spiffe-credentials";

/** The layouts with the names that their writers document. */
export const layouts = {
  /** The sidecar of SPIRE, with the file names of its manual. */
  "spiffe-helper": {
    directory: undefined,
    certificates: "svid.pem",
    privateKey: "svid_key.pem",
    bundle: "svid_bundle.pem",
  },
  /** The CSI driver of cert-manager. It writes `ca.crt` only where it was given trust anchors. */
  "csi-driver-spiffe": {
    directory: "/var/run/secrets/spiffe.io",
    certificates: "tls.crt",
    privateKey: "tls.key",
    bundle: "ca.crt",
  },
  /** Managed workload identities on Google Kubernetes Engine. */
  gke: {
    directory: google,
    certificates: "certificates.pem",
    privateKey: "private_key.pem",
    bundle: "ca_certificates.pem",
    bundleMap: "trust_bundles.json",
  },
  /** Managed workload identities on Compute Engine, as its guest agent writes them. */
  gce: {
    directory: google,
    certificates: "certificates.pem",
    privateKey: "private_key.pem",
    bundleMap: "trust_bundles.json",
  },
} as const satisfies Record<string, Layout>;

export const layoutNames = Object.keys(layouts) as readonly FileLayout[];
