import { lstat, realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { CredentialError } from "@firsthand/core";

/**
 * Whom the socket of the Workload API has to belong to. It authenticates to nobody, so whoever can put
 * another socket into its place decides on the identity and the trust of this process.
 *
 * With `ownerUids` the socket, found by following every symbolic link, has to belong to one of these
 * users; so has every directory above it, or to root; and none of these directories may be writable
 * for everybody, except with the sticky bit. That a group may write to one is not looked at.
 */
export type SocketTrust = "unchecked" | { readonly ownerUids: readonly number[] };

const root = 0;
const worldWritable = 0o0002;
const sticky = 0o1000;

/**
 * The path to connect to, without symbolic links that somebody might change after the check.
 *
 * @throws {CredentialError} `endpoint_untrusted`, naming what is wrong
 * @throws an error of the file system, when the socket is not there or may not be seen
 */
export async function trustedSocketPath(path: string, trust: SocketTrust): Promise<string> {
  if (trust === "unchecked") return path;
  const resolved = await realpath(path);
  const { ownerUids } = trust;
  const socket = await lstat(resolved);
  if (!socket.isSocket()) throw untrusted(resolved, "is not a socket");
  if (!ownerUids.includes(socket.uid)) throw untrusted(resolved, `belongs to user ${socket.uid}`);
  for (const directory of directoriesAbove(resolved)) {
    const { uid, mode } = await stat(directory);
    if (uid !== root && !ownerUids.includes(uid)) {
      throw untrusted(directory, `belongs to user ${uid}`);
    }
    if ((mode & worldWritable) !== 0 && (mode & sticky) === 0) {
      throw untrusted(directory, "is writable for everybody");
    }
  }
  return resolved;
}

function directoriesAbove(path: string): readonly string[] {
  const parent = dirname(path);
  return parent === path ? [] : [parent, ...directoriesAbove(parent)];
}

function untrusted(path: string, problem: string): CredentialError {
  return new CredentialError("endpoint_untrusted", { detail: `${path} ${problem}` });
}
