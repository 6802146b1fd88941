import * as z from "zod/mini";
import { runtime } from "#runtime";
import { epochSeconds } from "../clock.js";
import { base64url, fromBase64url } from "../encoding.js";
import { VerificationError } from "../errors.js";
import { callback, invalidOption, parseOptions } from "../options.js";
import { claimOnce } from "../replay/claim-once.js";
import { SpiffeId } from "../spiffe/spiffe-id.js";
import { lookUpBundle } from "../trust/bundle-lookup.js";
import type { VerifierRules } from "../verifier-options.js";
import { fingerprintOf } from "./bundle-fingerprint.js";
import { completeSessionOptions, type SessionOptions, sessionOptions } from "./memory-sessions.js";
import { sessionToken } from "./protocol.js";
import type { NewSession, Session, Sessions } from "./session.js";
import { SessionTable } from "./session-table.js";
import {
  keyOfTicket,
  openTicket,
  sealTicket,
  type TicketContent,
  type TicketKey,
  ticketKeyOf,
} from "./ticket.js";

export interface SealedSessionOptions extends SessionOptions {
  /**
   * The keys that the replicas of one service share, and nobody else: 32 random bytes each. The first
   * one seals, all of them open; whoever has one can speak for every caller. Asked for every request,
   * so that keys can be added and taken away; give the same array while a key is the same.
   */
  readonly keys: () => readonly Uint8Array[];
}

const factory = "sealedSessions";
const schema = z.strictObject({
  ...sessionOptions,
  keys: callback<SealedSessionOptions["keys"]>(),
});

/**
 * Gives sessions to their callers, sealed, so that every replica with the same keys knows them. What
 * is opened is kept in memory, bounded as with `memorySessions`. A verifier with them has to be given the
 * replay guard that the replicas share. Their clocks have to agree within seconds.
 *
 * @throws {ConfigurationError}
 */
export function sealedSessions(options: SealedSessionOptions): Sessions {
  const { keys: givenKeys, ...rest } = parseOptions(factory, schema, options);
  const { lifetimeSeconds, clock, ...limits } = completeSessionOptions(rest);
  const table = new SessionTable(limits, clock);
  const keys = () => Promise.all(checkKeys(givenKeys()).map(ticketKeyOf));
  checkKeys(givenKeys());

  function endOf(openedAt: number): number {
    return clock.monotonic() + (openedAt + lifetimeSeconds - epochSeconds(clock)) * 1000;
  }

  async function unseal(ticket: string, key: TicketKey, rules: VerifierRules) {
    const content = await openTicket(ticket, key);
    if (content === undefined) return undefined;
    const session = await sessionOf(content, rules, endOf(content.openedAt));
    table.add(ticket, session);
    return session;
  }

  return Object.freeze<Sessions>({
    lifetimeSeconds,
    areShared: true,
    async keep(session) {
      const [key] = (await keys()) as [TicketKey];
      const openedAt = epochSeconds(clock);
      const ticket = await sealTicket(await contentOf(session, openedAt), key);
      const { id, opener, bundle, origin } = session;
      const kept = { id, key: await runtime.importMacKey(session.key), opener, bundle, origin };
      return table.add(ticket, { ...kept, endsAt: endOf(openedAt) }) ? ticket : undefined;
    },
    async find(ticket, rules) {
      const key = keyOfTicket(ticket, await keys());
      if (key === undefined) return undefined;
      return table.find(ticket) ?? (await unseal(ticket, key, rules));
    },
    claim(caller, rules, now) {
      const { sessionId, sequence } = caller.proof;
      const id = `${sessionId}.${sequence}`;
      return claimOnce(caller, { id, token: sessionToken }, rules, now);
    },
  });
}

async function contentOf(session: NewSession, openedAt: number): Promise<TicketContent> {
  const { id, key, opener, bundle, origin } = session;
  const { format, idHash, issuedAt, expiresAt } = opener.proof;
  return {
    id,
    key: base64url(key),
    origin,
    bundle: await fingerprintOf(bundle),
    openedAt,
    caller: opener.id.toString(),
    credential: opener.credential,
    proof: { format, idHash, issuedAt, expiresAt },
  };
}

async function sessionOf(
  { id, key, caller, origin, bundle: fingerprint, credential, proof }: TicketContent,
  { identity }: VerifierRules,
  endsAt: number,
): Promise<Session> {
  const callerId = SpiffeId.parse(caller, ["spiffe", "wimse"]);
  const bundle = lookUpBundle(identity, callerId.trustDomain, sessionToken);
  if ((await fingerprintOf(bundle)) !== fingerprint) {
    throw new VerificationError("session_superseded", { token: sessionToken });
  }
  const { issuedAt, notBefore, issuer } = { ...proof, ...credential };
  const opener = Object.freeze({
    id: callerId,
    credential: Object.freeze({ ...credential, notBefore, issuer }),
    proof: Object.freeze({ ...proof, binding: "full" as const, issuedAt }),
  });
  const macKey = await runtime.importMacKey(fromBase64url(key) as Uint8Array);
  return { id, key: macKey, opener, bundle, origin, endsAt };
}

function checkKeys(keys: readonly Uint8Array[]): readonly Uint8Array[] {
  const areKeys =
    Array.isArray(keys) &&
    keys.length > 0 &&
    keys.every((key) => key instanceof Uint8Array && key.length === 32);
  if (areKeys) return keys;
  throw invalidOption(factory, "keys", "must return at least one key of 32 bytes");
}
