import { once } from "node:events";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { formatAddress, type ListenOptions, parseAddress } from "./address.js";
import { Gate } from "./gate.js";

/** What becomes of connections. */
export type ConnectionMode = "served" | "silent" | "dropped";

/**
 * @param address by default a unix socket in a new directory that only this user can enter
 * @throws {ConfigurationError} `option_invalid` when the address is not a good one
 */
export async function openListener(
  address: string | undefined,
  serve: (connection: Duplex) => void,
): Promise<Listener> {
  const listener =
    address === undefined
      ? await privateListener(serve)
      : new Listener(parseAddress(address), undefined, serve);
  await listener.start();
  return listener;
}

async function privateListener(serve: (connection: Duplex) => void): Promise<Listener> {
  const directory = await mkdtemp(join(tmpdir(), "firsthand-"));
  return new Listener({ path: join(directory, "workload-api.sock") }, directory, serve);
}

/** A socket whose connections can be disturbed, and that can be killed and come back. */
export class Listener {
  readonly #directory: string | undefined;
  readonly #serve: (connection: Duplex) => void;
  readonly #connections = new Set<Gate>();
  #listen: ListenOptions;
  #mode: ConnectionMode = "served";
  #server: Server | undefined;

  constructor(
    listen: ListenOptions,
    directory: string | undefined,
    serve: (connection: Duplex) => void,
  ) {
    this.#listen = listen;
    this.#directory = directory;
    this.#serve = serve;
  }

  get address(): string {
    return formatAddress(this.#listen);
  }

  /** Applies to the connections that are open, and to those to come. */
  setMode(mode: ConnectionMode): void {
    this.#mode = mode;
    for (const connection of this.#connections) {
      if (mode === "dropped") connection.destroy();
      else connection.silent = mode === "silent";
    }
  }

  async start(): Promise<void> {
    const server = createServer((socket) => this.#accept(socket));
    server.listen(this.#listen);
    await once(server, "listening");
    this.#server = server;
    if ("port" in this.#listen) {
      const { port } = server.address() as AddressInfo;
      this.#listen = { host: this.#listen.host, port };
    }
  }

  /** Listens again, at the same address. */
  async restart(): Promise<void> {
    await this.kill();
    await this.#removeFile();
    await this.start();
  }

  /** Destroys all connections and stops to listen. The file of a unix socket stays. */
  async kill(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const stop = () => {
      const stopped = new Promise((resolve) => server.close(resolve));
      for (const connection of this.#connections) connection.destroy();
      return stopped;
    };
    if ("path" in this.#listen) await keepingFile(this.#listen.path, stop);
    else await stop();
  }

  /** Like `kill`, but nothing stays. */
  async close(): Promise<void> {
    await this.kill();
    await this.#removeFile();
    if (this.#directory !== undefined) await rm(this.#directory, { recursive: true, force: true });
  }

  async #removeFile(): Promise<void> {
    if ("path" in this.#listen) await rm(this.#listen.path, { force: true });
  }

  #accept(socket: Socket): void {
    if (this.#mode === "dropped") {
      socket.destroy();
      return;
    }
    const connection = new Gate(socket, this.#mode === "silent");
    this.#connections.add(connection);
    connection.on("close", () => this.#connections.delete(connection));
    this.#serve(connection);
  }
}

/** A server removes the file of its socket when it stops, unless it stands elsewhere. */
async function keepingFile(path: string, stop: () => Promise<unknown>): Promise<void> {
  const elsewhere = `${path}.kept`;
  await rename(path, elsewhere);
  await stop();
  await rename(elsewhere, path);
}
