/** What is used of the socket of a message: of `net.Socket`, and of `tls.TLSSocket` where it is one. */
export interface ReceivedSocket {
  readonly destroyed: boolean;
  isSessionReused?(): boolean;
  getPeerX509Certificate?(): PresentedCertificate | undefined;
}

/** What is used of `crypto.X509Certificate`. */
export interface PresentedCertificate {
  readonly raw: Uint8Array;
  readonly issuerCertificate?: PresentedCertificate | undefined;
}

/**
 * What is used of a received HTTP message: of `http.IncomingMessage`, of the request of `http2`'s
 * compatibility layer, and of test tools that imitate them.
 */
export interface ReceivedMessage {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly rawHeaders: readonly string[];
  /** HTTP/1: everything was received. */
  readonly complete: boolean;
  readonly aborted: boolean;
  /** HTTP/1: set when the response finished and Node throws unread content away. Not in its types. */
  readonly _dumped?: boolean;
  /** What test tools put here may be anything. */
  readonly socket?: ReceivedSocket | null | undefined;
  /** HTTP/2 only. */
  readonly stream?: {
    readonly endAfterHeaders: boolean;
    readonly readableEnded: boolean;
    readonly closed: boolean;
    readonly session?: { readonly destroyed: boolean; readonly socket: ReceivedSocket } | undefined;
    close(code: number): unknown;
  };

  readonly readableDidRead: boolean;
  readonly readableEncoding: string | null;
  readonly readableEnded: boolean;
  readonly readableFlowing: boolean | null;
  readonly readableLength: number;
  /** Chunks that arrived and were not read. Every Node stream has it, though not in its types. */
  readonly readableBuffer?: Iterable<Uint8Array>;

  /** Where Node puts what arrives: looked up on the message for every chunk and for the end. */
  push(data: Uint8Array | string | null): boolean;
  read(size: number): unknown;
  destroy(error: Error): unknown;
  on(event: string, listener: () => void): unknown;
  once(event: string, listener: () => void): unknown;
  listenerCount(event: string): number;
}
