import type {
  CallerCredential,
  CallerProof,
  CredentialErrorCode,
  PeerOptions,
} from "@firsthand/core";

/** How a service process is set up; travels as JSON in its arguments. */
export interface ServiceSettings {
  readonly framework: "express" | "fastify";
  /** Address of the Workload API. */
  readonly address: string;
  /** The SPIFFE ID to open, where the process may have several. */
  readonly id?: string | undefined;
  /** Who may call. */
  readonly allow: readonly string[];
}

/** A request that a service makes. */
export interface Call {
  /** Origin and path. */
  readonly url: string;
  readonly peer: string | PeerOptions;
  /** Sent with POST; without it the request is a GET. */
  readonly content?: string | undefined;
}

/** What came of a call: an answer, or the code of the error that it ended with. */
export type CallResult =
  | { readonly status: number; readonly body: unknown }
  | { readonly error: string };

/** What a service answers to whom it accepts. */
export interface Welcome {
  readonly caller: string;
  readonly credential: CallerCredential["kind"];
  readonly proof: CallerProof["format"];
  /** Of the caller's credential. */
  readonly thumbprint: string;
  readonly content: string;
}

export interface LoadReport {
  readonly succeeded: number;
  /** One line for each request that failed. */
  readonly failures: readonly string[];
}

export interface ServiceStatus {
  readonly status: "ready" | "stale" | "expired";
  readonly reason: CredentialErrorCode | undefined;
  readonly ids: readonly string[];
  /** Of every credential that was held, in order; the current one is the last. */
  readonly thumbprints: readonly string[];
  /** Exact codes of the refusals since the last question. */
  readonly refusals: readonly string[];
  /** How often its identity was taken back so far. */
  readonly withdrawals: number;
}

/** Everything that a service can be told to do. */
export interface Tasks {
  call(call: Call): CallResult;
  startLoad(calls: readonly Call[]): undefined;
  stopLoad(): LoadReport;
  status(): ServiceStatus;
  /** How many X.509 authorities the bundle of a trust domain has. */
  countAuthorities(trustDomain: string): number;
}

export type TaskName = keyof Tasks;

export interface TaskRequest {
  readonly task: TaskName;
  readonly number: number;
  readonly input: unknown;
}

export type FromService =
  | { readonly kind: "ready"; readonly origin: string }
  | { readonly kind: "done"; readonly number: number; readonly result: unknown }
  | { readonly kind: "failed"; readonly number: number; readonly problem: string };
