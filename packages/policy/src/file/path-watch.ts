import { type FSWatcher, watch } from "node:fs";
import { dirname } from "node:path";

/**
 * Watches the directory in which a file lies, not the file: a watch dies with the file that it is on. What
 * cannot be watched is left to polling. It does not keep the process alive.
 */
export function watchPath(path: string, notify: () => void): () => void {
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(dirname(path), { persistent: false }, notify);
    watcher.on("error", () => watcher?.close());
  } catch {
    // gone, forbidden, or too many watches on this machine
  }
  return () => watcher?.close();
}
