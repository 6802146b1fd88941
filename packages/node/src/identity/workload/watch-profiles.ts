import type { CredentialError } from "@firsthand/core";
import type { WorkloadApiClient } from "../../workload-api/workload-api-client.js";
import type { IdentityRules } from "./delivered-svids.js";
import type { ProfileBoard } from "./profile-board.js";
import { noBundles, type WorkloadProfile } from "./profile-state.js";
import { readTokenBundles } from "./token-bundles.js";
import { type WatchMeans, watchStream } from "./watch-stream.js";
import { WitProfile } from "./wit-profile.js";
import { readX509State } from "./x509-state.js";

/** Keeps the board up to date about these profiles. Resolves when all watches have ended. */
export async function watchProfiles(
  profiles: readonly WorkloadProfile[],
  client: WorkloadApiClient,
  board: ProfileBoard,
  rules: IdentityRules,
  means: WatchMeans,
): Promise<void> {
  const watches: Record<WorkloadProfile, () => Promise<unknown>> = {
    x509: () => watchX509(client, board, rules, means),
    jwt: () => watchJwt(client, board, means),
    wit: () => watchWit(client, board, rules, means),
  };
  await Promise.all(profiles.map((profile) => watches[profile]()));
}

/** The one stream has credential and bundles together. */
function watchX509(
  client: WorkloadApiClient,
  board: ProfileBoard,
  rules: IdentityRules,
  means: WatchMeans,
): Promise<void> {
  return watchStream(
    {
      open: (signal) => client.watchX509Svids(signal),
      async receive(message) {
        const held = board.stateOf("x509");
        const { state, problem } = await readX509State(message, rules, held);
        if (problem === undefined) return board.deliver("x509", state, "x509-svids");
        board.fail("x509", "x509-svids", problem);
        board.deliver("x509", state);
      },
      fail: (error) => board.fail("x509", "x509-svids", error),
    },
    means,
  );
}

/** Only bundles; JWT-SVIDs are fetched when somebody asks for one. */
function watchJwt(
  client: WorkloadApiClient,
  board: ProfileBoard,
  means: WatchMeans,
): Promise<void> {
  return watchStream(
    {
      open: (signal) => client.watchJwtBundles(signal),
      async receive(message) {
        const held = board.stateOf("jwt")?.bundles ?? noBundles;
        const bundles = await readTokenBundles(message.bundles, held, "jwt-svid");
        board.deliver("jwt", { credential: undefined, bundles }, "jwt-bundles");
      },
      fail: (error) => board.fail("jwt", "jwt-bundles", error),
    },
    means,
  );
}

function watchWit(
  client: WorkloadApiClient,
  board: ProfileBoard,
  rules: IdentityRules,
  means: WatchMeans,
): Promise<unknown> {
  const profile = new WitProfile(board, rules);
  const svids = {
    open: (signal: AbortSignal) => client.watchWitSvids(signal),
    receive: profile.receiveSvids.bind(profile),
    fail: (error: CredentialError) => profile.failSvids(error),
  };
  const bundles = {
    open: (signal: AbortSignal) => client.watchWitBundles(signal),
    receive: profile.receiveBundles.bind(profile),
    fail: (error: CredentialError) => profile.failBundles(error),
  };
  return Promise.all([watchStream(svids, means), watchStream(bundles, means)]);
}
