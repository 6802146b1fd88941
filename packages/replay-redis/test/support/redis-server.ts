import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";

/** A Redis or Valkey of its own, with nothing in it, on a socket that no other process knows. */
export interface RedisServer {
  readonly socket: string;
  /** Ends it at once, as a crash does. */
  kill(): Promise<void>;
  /** Starts it again, with what it wrote to its disk. */
  restart(): Promise<void>;
  /** Lets it hang, with its connections open. */
  freeze(): void;
  thaw(): void;
}

const program = ["redis-server", "valkey-server"].find(isInstalled);
const open = new Set<() => Promise<void>>();

/** Tests that need a server: skipped where none is installed, and failing there under CI. */
export function describeWithRedis(title: string, tests: () => void): void {
  if (program !== undefined) {
    describe(title, tests);
    return;
  }
  const notice = `${title}: neither redis-server nor valkey-server is installed, nothing is tested`;
  if (process.env["CI"] === undefined) process.stderr.write(`${notice}\n`);
  it.skipIf(process.env["CI"] === undefined)(notice, () => expect.fail(notice));
}

/**
 * @param options of the server, such as `--appendonly yes`; by default nothing is kept on disk
 * @param port on which other servers reach it; by default none
 */
export async function startRedis(options = "", port = 0): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), "firsthand-redis-"));
  const socket = join(folder, "redis.sock");
  const args = `--port ${port} --bind 127.0.0.1 --unixsocket ${socket} --dir ${folder} --save "" ${options}`;
  let child = await spawnRedis(args);

  async function kill(): Promise<void> {
    const isRunning = child.exitCode === null && child.signalCode === null;
    if (!isRunning) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  }

  open.add(async () => {
    await kill();
    rmSync(folder, { recursive: true });
  });
  return {
    socket,
    kill,
    async restart() {
      child = await spawnRedis(args);
    },
    freeze: () => void child.kill("SIGSTOP"),
    thaw: () => void child.kill("SIGCONT"),
  };
}

/** Ends every server that was started and removes what it wrote. */
export async function stopServers(): Promise<void> {
  await Promise.all([...open].map((stop) => stop()));
  open.clear();
}

function isInstalled(name: string): boolean {
  try {
    execFileSync(name, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function spawnRedis(args: string): Promise<ChildProcess> {
  const list = (args.match(/"[^"]*"|\S+/g) ?? []).map((part) => part.replaceAll('"', ""));
  const child = spawn(program as string, list, { stdio: ["ignore", "pipe", "inherit"] });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}: ${args}`)));
    createInterface(child.stdout).on("line", (line) => {
      if (/ready to accept connections/i.test(line)) resolve(child);
    });
  });
}
