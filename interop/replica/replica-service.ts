import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { memoryReplayGuard, type ReplayGuard } from "@firsthand/core";
import { createFetch } from "@firsthand/node";
import type { TestIdentity } from "@firsthand/testing";
import type { ReplicaAnswer, ReplicaSettings } from "./messages.js";
import { ReplicaProcess } from "./replica-process.js";

const orders = "spiffe://shop.example/orders";

/** A request that has to be answered, with its content. */
export type Call = (content: string) => Promise<ReplicaAnswer>;

/** The replicas, and what they share. */
export class ReplicaService {
  readonly origin: string;
  readonly ports: readonly number[];
  readonly #sessions: ReplicaSettings["sessions"];
  readonly #identity: TestIdentity;
  readonly #replay: ReplayGuard = memoryReplayGuard();
  readonly #replicas: ReplicaProcess[] = [];
  #ticketKeys: readonly string[] = [newKey()];

  constructor(
    port: number,
    ports: readonly number[],
    sessions: ReplicaSettings["sessions"],
    identity: TestIdentity,
  ) {
    this.origin = `http://127.0.0.1:${port}`;
    this.ports = ports;
    this.#sessions = sessions;
    this.#identity = identity;
  }

  async start(): Promise<void> {
    const started = await Promise.all(this.ports.map((port) => this.#startOne(port)));
    this.#replicas.push(...started);
  }

  async restart(index: number): Promise<void> {
    await this.#replicas[index]?.close();
    this.#replicas[index] = await this.#startOne(this.ports[index] ?? 0);
  }

  /** Adds a key in front; or takes away all but it. */
  async rotateKeys(keep: boolean): Promise<void> {
    const [newest = ""] = this.#ticketKeys;
    this.#ticketKeys = keep ? [newKey(), ...this.#ticketKeys] : [newest];
    this.#tellAll({ kind: "keys", ticketKeys: this.#ticketKeys });
  }

  async renew(): Promise<void> {
    await this.#identity.renew();
    this.#tellAll({ kind: "identity", material: this.#identity.material() });
  }

  rawClient(identity: TestIdentity) {
    const proved = createFetch({ identity, peers: { [this.origin]: orders }, sessions: "signed" });
    return (content: string) => proved(this.origin, { method: "POST", body: content });
  }

  client(identity: TestIdentity): Call {
    const send = this.rawClient(identity);
    return async (content) => {
      const response = await send(content);
      const text = await response.text();
      assert.equal(response.status, 200, text);
      const answer = JSON.parse(text) as ReplicaAnswer;
      assert.equal(answer.content, content);
      return answer;
    };
  }

  /** A request with a proof by session as it went out. */
  async capture(identity: TestIdentity): Promise<RequestInit> {
    const sent: RequestInit[] = [];
    const proved = createFetch({
      identity,
      peers: { [this.origin]: orders },
      sessions: "on",
      fetch: (url: string, init?: RequestInit) => {
        sent.push(init ?? {});
        return fetch(url, init);
      },
    });
    for (let i = 0; i < 2; i++)
      await (await proved(`${this.origin}/`, { method: "POST", body: "x" })).text();
    return sent.at(-1) ?? {};
  }

  async close(): Promise<void> {
    await Promise.all(this.#replicas.map((replica) => replica.close()));
  }

  #startOne(port: number): Promise<ReplicaProcess> {
    const material = this.#identity.material();
    const shared = { origin: this.origin, sessions: this.#sessions, ticketKeys: this.#ticketKeys };
    return ReplicaProcess.start({ port, material, ...shared }, this.#replay);
  }

  #tellAll(message: Parameters<ReplicaProcess["tell"]>[0]): void {
    for (const replica of this.#replicas) replica.tell(message);
  }
}

function newKey(): string {
  return randomBytes(32).toString("base64url");
}
