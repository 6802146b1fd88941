import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What was opened and is closed again, the last first. */
export class Scope {
  readonly #cleanups: (() => Promise<unknown> | unknown)[] = [];

  /** Registers something that is already open. */
  add<T extends { close(): Promise<unknown> | unknown }>(resource: T): T {
    this.defer(() => resource.close());
    return resource;
  }

  defer(cleanup: () => Promise<unknown> | unknown): void {
    this.#cleanups.push(cleanup);
  }

  async close(): Promise<void> {
    for (let cleanup = this.#cleanups.pop(); cleanup; cleanup = this.#cleanups.pop()) {
      await cleanup();
    }
  }
}

/** Runs something with a scope of its own. */
export async function withScope<T>(body: (scope: Scope) => Promise<T>): Promise<T> {
  const scope = new Scope();
  try {
    return await body(scope);
  } finally {
    await scope.close();
  }
}

/** A directory that only this user may enter, and that is gone when the process ends. */
export async function temporaryDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "fh-"));
  process.once("exit", () => rmSync(path, { recursive: true, force: true }));
  return path;
}
