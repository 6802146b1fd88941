import { type FSWatcher, watch } from "node:fs";
import { lstat, realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";

interface Watch {
  /** Tells the directory from another that takes its place, even where its number is used again. */
  readonly inode: string;
  readonly watcher: FSWatcher;
}

/**
 * Watches the directories in which something has to change when files do: where they lie, and where a
 * symbolic link leads to them. Not the files: a watch dies with the file that it is on.
 *
 * What cannot be watched is left out, such as a directory that is not there yet. It does not keep the
 * process alive.
 */
export class DirectoryWatch {
  readonly #paths: Iterable<string>;
  readonly #notify: () => void;
  readonly #watches = new Map<string, Watch>();
  #isClosed = false;

  constructor(paths: Iterable<string>, notify: () => void) {
    this.#paths = paths;
    this.#notify = notify;
  }

  /** Watches what is there now. To be called before each look at the files. */
  async renew(): Promise<void> {
    const directories = await directoriesOf(this.#paths);
    for (const directory of this.#watches.keys()) {
      if (!directories.has(directory)) this.#end(directory);
    }
    for (const directory of directories) {
      const inode = await inodeOf(directory);
      if (this.#watches.get(directory)?.inode === inode) continue;
      this.#end(directory);
      if (inode !== undefined && !this.#isClosed) this.#begin(directory, inode);
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const directory of this.#watches.keys()) this.#end(directory);
  }

  #begin(directory: string, inode: string): void {
    try {
      const watcher = watch(directory, { persistent: false }, this.#notify);
      watcher.on("error", () => this.#end(directory));
      this.#watches.set(directory, { inode, watcher });
    } catch {
      // gone, forbidden, or too many watches on this machine
    }
  }

  #end(directory: string): void {
    this.#watches.get(directory)?.watcher.close();
    this.#watches.delete(directory);
  }
}

async function directoriesOf(paths: Iterable<string>): Promise<ReadonlySet<string>> {
  const directories = new Set<string>();
  for (const path of paths) {
    directories.add(dirname(path)).add(dirname(await targetOf(path)));
    for (let at = dirname(path); at !== dirname(at); at = dirname(at)) {
      if (await isLink(at)) directories.add(dirname(at));
    }
  }
  return directories;
}

async function targetOf(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}

async function isLink(path: string): Promise<boolean> {
  const stats = await lstat(path).catch(() => undefined);
  return stats?.isSymbolicLink() ?? false;
}

async function inodeOf(directory: string): Promise<string | undefined> {
  const stats = await stat(directory, { bigint: true }).catch(() => undefined);
  return stats && [stats.dev, stats.ino, stats.birthtimeNs].join();
}
