import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { onTestFinished } from "vitest";
import type { WorkloadApiServer } from "./workload-api-server.js";

/** A message: the values of each field by its number. Every field here is length-delimited. */
export type Message = ReadonlyMap<number, readonly Buffer[]>;

/** The name of the status that a call ended with, and its text. */
export interface Ended {
  readonly status: string;
  readonly details: string;
}

export interface OpenStream {
  /** The next message, or how the stream ended. */
  next(): Promise<Message | Ended>;
  cancel(): void;
}

interface CallOptions {
  readonly audience?: readonly string[];
  readonly spiffeId?: string;
  /** By default the security header; `{}` for none. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Instead of the request that the rest makes. */
  readonly request?: Uint8Array;
}

/** A client that shares nothing with the server: grpc-js, and the reader of Protobuf-ES. */
export function openClient(server: Pick<WorkloadApiServer, "address">) {
  const target = server.address.replace("tcp://", "");
  const client = new Client(target, credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1, // else all clients share connections, and their back-off
  });
  onTestFinished(() => client.close());

  function stream(method: string, options: CallOptions = {}): OpenStream {
    const path = `/SpiffeWorkloadAPI/${method}`;
    const request = requestOf(method, options);
    const call = client.makeServerStreamRequest(path, raw, raw, request, metadataOf(options));
    const messages = call[Symbol.asyncIterator]();
    return {
      async next() {
        try {
          const { value, done } = await messages.next();
          return done === true ? { status: "OK", details: "" } : readMessage(value);
        } catch (error) {
          return endedWith(error as ServiceError);
        }
      },
      cancel: () => call.cancel(),
    };
  }

  return {
    stream,
    /** The first message of a stream, which stays open. */
    first: (method: string, options?: CallOptions) => stream(method, options).next(),
    unary(method: string, options: CallOptions = {}): Promise<Message | Ended> {
      const path = `/SpiffeWorkloadAPI/${method}`;
      const request = requestOf(method, options);
      return new Promise((resolve) => {
        client.makeUnaryRequest(path, raw, raw, request, metadataOf(options), (error, value) => {
          resolve(value === undefined ? endedWith(error as ServiceError) : readMessage(value));
        });
      });
    },
  };
}

/** The values of a field of a message; fails the test when the call was not answered with one. */
export function bytesOf(message: Message | Ended | undefined, number: number): readonly Buffer[] {
  if (message === undefined || "status" in message) {
    throw new Error(`not a message: ${message?.status} ${message?.details}`);
  }
  return message.get(number) ?? [];
}

export function textsOf(message: Message | Ended | undefined, number: number): readonly string[] {
  return bytesOf(message, number).map((value) => value.toString("utf8"));
}

/** The only value of a field. */
export function only<T>(values: readonly T[]): T {
  if (values.length !== 1) throw new Error(`${values.length} values`);
  return values[0] as T;
}

export function messagesOf(message: Message | Ended, number: number): readonly Message[] {
  return bytesOf(message, number).map(readMessage);
}

/** A map field as its entries. */
export function entriesOf(message: Message | Ended, number: number): ReadonlyMap<string, Buffer> {
  const entries = messagesOf(message, number);
  return new Map(entries.map((entry) => [only(textsOf(entry, 1)), only(bytesOf(entry, 2))]));
}

function requestOf(method: string, options: CallOptions): Buffer {
  const { audience = [], spiffeId = "", request } = options;
  if (request !== undefined) return Buffer.from(request);
  const writer = new BinaryWriter();
  for (const name of audience) writer.tag(1, WireType.LengthDelimited).string(name);
  const spiffeIdField = method === "FetchWITSVID" ? 1 : 2;
  if (spiffeId !== "") writer.tag(spiffeIdField, WireType.LengthDelimited).string(spiffeId);
  return Buffer.from(writer.finish());
}

function metadataOf({ metadata = { "workload.spiffe.io": "true" } }: CallOptions): Metadata {
  const result = new Metadata();
  for (const [name, value] of Object.entries(metadata)) result.set(name, value);
  return result;
}

function readMessage(bytes: Uint8Array): Message {
  const reader = new BinaryReader(bytes);
  const fields = new Map<number, readonly Buffer[]>();
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (wireType !== WireType.LengthDelimited) throw new Error(`wire type ${wireType}`);
    fields.set(number, [...(fields.get(number) ?? []), Buffer.from(reader.bytes())]);
  }
  return fields;
}

function endedWith({ code, details }: ServiceError): Ended {
  return { status: status[code] ?? String(code), details };
}

function raw(bytes: Buffer): Buffer {
  return bytes;
}
