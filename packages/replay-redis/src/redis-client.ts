/** What is used of a client of `redis`, also of a cluster, a sentinel or a pool. */
export interface NodeRedisClient {
  set(key: string, value: string, options: { NX: true; PX?: number; GET?: true }): Promise<unknown>;
  info(section: string): Promise<unknown>;
}

/** What is used of a client of `ioredis` or `iovalkey`: `Redis` and `Cluster`. */
export interface IoredisClient {
  call(command: string, ...args: string[]): Promise<unknown>;
}

/** A connected client. The application makes it, watches over it and closes it. */
export type RedisClient = NodeRedisClient | IoredisClient;

/** The few commands that a guard is made of, alike for every client. Errors are the client's. */
export interface RedisCommands {
  /** Commands may overtake each other, on one of several connections. */
  readonly isPooled: boolean;
  /** `SET key 1 NX PX milliseconds`: `OK`, or null when the key is there already. */
  setOnce(key: string, milliseconds: number): Promise<unknown>;
  /** `SET key value NX GET`: what is there already, or null when it is there from now on. */
  getOrSet(key: string, value: string): Promise<unknown>;
  /** `INFO memory` of one server. */
  memoryInfo(): Promise<unknown>;
}

/** Only writes: a client that reads from replicas sends each of them to a primary. */
export function commandsOf(client: RedisClient): RedisCommands {
  if ("call" in client) {
    return {
      isPooled: false,
      setOnce: (key, milliseconds) =>
        client.call("SET", key, "1", "NX", "PX", milliseconds.toString()),
      getOrSet: (key, value) => client.call("SET", key, value, "NX", "GET"),
      memoryInfo: () => client.call("INFO", "memory"),
    };
  }
  return {
    isPooled: "execute" in client || "acquire" in client,
    setOnce: (key, milliseconds) => client.set(key, "1", { NX: true, PX: milliseconds }),
    getOrSet: (key, value) => client.set(key, value, { NX: true, GET: true }),
    memoryInfo: () => client.info("memory"),
  };
}
