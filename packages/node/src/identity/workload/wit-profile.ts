import type { CredentialError, WitCredential } from "@firsthand/core";
import type { WitBundlesResponse, WitSvidResponse } from "../../workload-api/messages.js";
import type { IdentityRules } from "./delivered-svids.js";
import { problemWithWitSvid, readOwnWitSvid } from "./own-wit-svid.js";
import { type Feed, isWithdrawal, type ProfileBoard } from "./profile-board.js";
import { noBundles, type ProfileBundles } from "./profile-state.js";
import { readTokenBundles } from "./token-bundles.js";
import { unchanged } from "./unchanged.js";

/**
 * Joins the two streams of the WIT profile. Either may bring the news of a rotation first, so each
 * message is judged with the newest of the other: bundles take effect at once, and an SVID as soon as
 * the bundles vouch for it.
 */
export class WitProfile {
  readonly #board: ProfileBoard;
  readonly #rules: IdentityRules;
  #svid: WitCredential | undefined;
  #bundles: ProfileBundles | undefined;

  constructor(board: ProfileBoard, rules: IdentityRules) {
    this.#board = board;
    this.#rules = rules;
  }

  async receiveSvids(message: WitSvidResponse): Promise<void> {
    this.#svid = await readOwnWitSvid(message, this.#rules);
    await this.#judge("wit-svids");
  }

  async receiveBundles({ bundles }: WitBundlesResponse): Promise<void> {
    this.#bundles = await readTokenBundles(bundles, this.#bundles ?? noBundles, "wit-svid");
    await this.#judge("wit-bundles");
  }

  failSvids(error: CredentialError): void {
    if (isWithdrawal(error)) this.#svid = undefined;
    this.#board.fail("wit", "wit-svids", error);
  }

  failBundles(error: CredentialError): void {
    if (isWithdrawal(error)) this.#bundles = undefined;
    this.#board.fail("wit", "wit-bundles", error);
  }

  async #judge(feed: Feed): Promise<void> {
    const [svid, bundles] = [this.#svid, this.#bundles];
    if (svid === undefined || bundles === undefined) return this.#board.recover(feed);
    const problem = await problemWithWitSvid(svid, bundles, this.#rules);
    const isNewest = this.#svid === svid && this.#bundles === bundles;
    if (!isNewest) return this.#board.recover(feed); // judged by whoever brought the newer one
    const held = this.#board.stateOf("wit")?.credential;
    if (problem === undefined) {
      const credential = unchanged(svid, held);
      return this.#board.deliver("wit", { credential, bundles }, feed, "wit");
    }
    this.#board.fail("wit", "wit", problem);
    if (held === undefined) return this.#board.recover(feed);
    this.#board.deliver("wit", { credential: held, bundles }, feed);
  }
}
