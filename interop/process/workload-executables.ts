import { constants, copyFile, link, mkdir, realpath } from "node:fs/promises";
import { basename, join } from "node:path";

/**
 * Gives each workload an executable of its own, so that the agent can tell them apart by their path
 * whoever runs the suite. A second link where the file system allows it, else a copy.
 */
export class WorkloadExecutables {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Node under another name. */
  node(name: string): Promise<string> {
    return this.add(name, process.execPath);
  }

  async add(name: string, file: string): Promise<string> {
    const original = await realpath(file);
    await mkdir(this.#directory, { recursive: true });
    const own = join(await realpath(this.#directory), `${name}-${basename(original)}`);
    try {
      await link(original, own);
    } catch {
      await copyFile(original, own, constants.COPYFILE_FICLONE);
    }
    return own;
  }
}

/** What the agent's `unix` attestor says about a process with this executable, of this user. */
export function selectorsOf(executable: string): readonly string[] {
  const uid = process.getuid?.();
  if (uid === undefined) throw new Error("this system has no user ids");
  return [`unix:uid:${uid}`, `unix:path:${executable}`];
}
