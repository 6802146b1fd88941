import { HeldIdentity } from "../identity/held-identity.js";
import { IdentityHolder } from "../identity/identity-holder.js";
import type { LiveIdentity } from "../identity/live-identity.js";
import { FileFollower } from "./file-follower.js";
import { type FileIdentityOptions, parseFileIdentityOptions } from "./file-identity-options.js";
import { pathsOf } from "./identity-files.js";
import { createSnapshotReader } from "./read-snapshot.js";

/**
 * Opens an identity that others keep in files: our X.509-SVID with its key, and trust bundles. It
 * resolves with the first good state; files that are missing or half-written are waited for.
 *
 * ```ts
 * const identity = await openFileIdentity({ layout: "csi-driver-spiffe" });
 * ```
 *
 * A state is used only as a whole: all files of one moment, the key that of the certificate, the chain
 * valid by the bundle of our own trust domain. A rotation is in use as soon as it is complete; before
 * that, the last good state is. When a bad state lasts for more than five seconds, the identity is
 * `stale` and says why. It is read again after each change in the directories, and every
 * `pollMilliseconds`. Who may read the files is up to whoever writes them.
 *
 * @throws {ConfigurationError} naming the option that is wrong
 * @throws {CredentialError} `file_unreadable`, `file_invalid`, `credential_invalid`,
 * `credential_key_mismatch`, `credential_expired`, `bundle_invalid`, `bundle_too_large`,
 * `bundle_key_duplicate` and `bundle_key_private`, naming the file, when that is still so at the end
 * of `timeoutMilliseconds`; at once `identity_unexpected`, `trust_domain_unexpected`, and
 * `file_unreadable` when the path cannot be followed or permission is missing
 */
export async function openFileIdentity(options: FileIdentityOptions): Promise<LiveIdentity> {
  const { files, expected, clock, ...times } = parseFileIdentityOptions(options);
  const follower = new FileFollower({
    paths: pathsOf(files),
    readSnapshot: createSnapshotReader(files, expected, clock),
    pollMilliseconds: times.pollMilliseconds,
    clock,
  });
  const first = await follower.first(times.timeoutMilliseconds);
  const holder = new IdentityHolder(first, clock);
  const following = follower.follow(holder, first);

  return new HeldIdentity(holder, async () => {
    follower.close();
    await following;
  });
}
