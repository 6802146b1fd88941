/** The gRPC status codes (gRPC, Status codes and their use). */
export const grpcStatusCodes = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

/** How a call ends. */
export interface GrpcStatus {
  /** Its name, or a number for a code that gRPC does not know. */
  readonly code: keyof typeof grpcStatusCodes | number;
  readonly message?: string | undefined;
}

/** Thrown where a call is answered with a status instead of a response. */
export class GrpcStatusError extends Error {
  override readonly name = "GrpcStatusError";
  readonly status: GrpcStatus;

  constructor(status: GrpcStatus, options: { cause?: unknown } = {}) {
    super(status.message, { cause: options.cause });
    this.status = status;
  }
}

/** A status as trailer fields (gRPC over HTTP/2, Responses). */
export function trailersOf({ code, message = "" }: GrpcStatus): Record<string, string> {
  const number = typeof code === "number" ? code : grpcStatusCodes[code];
  const text = message.replace(/[^ -~]|%/gu, encodeURIComponent);
  return { "grpc-status": `${number}`, "grpc-message": text };
}

const prefixBytes = 5;

/** A message as it goes over the wire: not compressed, behind its length. */
export function frame(message: Uint8Array): Uint8Array {
  const prefix = Buffer.alloc(prefixBytes);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/**
 * The message of a request that has exactly one.
 *
 * @throws {GrpcStatusError} `UNIMPLEMENTED` when it is compressed, `INVALID_ARGUMENT` when there is
 * not exactly one
 */
export function unframe(body: Buffer): Uint8Array {
  if (body.length < prefixBytes || body.readUInt32BE(1) !== body.length - prefixBytes) {
    throw new GrpcStatusError({
      code: "INVALID_ARGUMENT",
      message: "the request is not exactly one message",
    });
  }
  if (body[0] !== 0) {
    throw new GrpcStatusError({ code: "UNIMPLEMENTED", message: "compression is not supported" });
  }
  return body.subarray(prefixBytes);
}
