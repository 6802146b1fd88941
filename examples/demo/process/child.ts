import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { AddressBook, ToChild, ToParent } from "./messages.js";

let addresses: AddressBook = {};

/** Where this process finds a host, as the parent told it. */
export function portOf(host: string): number {
  const port = addresses[host];
  if (port === undefined) throw new Error(`there is no way from here to ${host}`);
  return port;
}

type Tasks = Readonly<Record<string, (input: never) => unknown>>;

const tasks: Record<string, Tasks[string]> = { connect };

/** Tells what else the parent may ask for. */
export function offer(more: Tasks): void {
  Object.assign(tasks, more);
}

/** Waits until the server listens, and from then on does what the parent asks for. */
export async function takePart(server: Server | "client", more: Tasks = {}): Promise<void> {
  const port = server === "client" ? 0 : await portOfServer(server);
  offer(more);
  process.on("message", ({ task, input }: ToChild) => void perform(task, input));
  tell({ kind: "ready", port });
}

export function tell(message: ToParent): void {
  process.send?.(message);
}

function connect(book: AddressBook): void {
  addresses = book;
}

async function portOfServer(server: Server): Promise<number> {
  if (!server.listening) await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function perform(name: string, input: unknown): Promise<void> {
  try {
    const task = tasks[name];
    if (task === undefined) throw new Error("there is no such task");
    tell({ kind: "result", result: await task(input as never) });
  } catch (error) {
    tell({ kind: "failure", failure: `${(error as Error).stack}` });
  }
}

process.once("disconnect", () => process.exit());
