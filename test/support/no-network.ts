import dgram from "node:dgram";
import dns from "node:dns";
import { syncBuiltinESMExports } from "node:module";
import net from "node:net";

export interface ForbiddenNetwork {
  /** What was attempted since, in words. Each attempt has failed. */
  readonly attempts: readonly string[];
  /** Gives the network back. */
  restore(): void;
}

const lookups = /^(?:lookup|lookupService|resolve.*|reverse)$/;

/**
 * Makes every outbound connection of this process fail, loopback and sockets of the file system
 * included: TCP, and so TLS, HTTP and fetch; UDP; and name resolution. Servers go on listening.
 */
export function forbidNetwork(): ForbiddenNetwork {
  const attempts: string[] = [];
  const restores: (() => void)[] = [];

  function forbid(owner: object, label: string, name: string) {
    const original: unknown = Reflect.get(owner, name);
    const refuse = () => {
      attempts.push(`${label}.${name}`);
      throw new Error(`the network is forbidden here: ${label}.${name}`);
    };
    Reflect.set(owner, name, refuse);
    restores.push(() => Reflect.set(owner, name, original));
  }

  function forbidLookups(owner: object, label: string) {
    for (const name of Object.getOwnPropertyNames(owner))
      if (lookups.test(name)) forbid(owner, label, name);
  }

  forbid(net.Socket.prototype, "net.Socket", "connect");
  forbid(dgram.Socket.prototype, "dgram.Socket", "connect");
  forbid(dgram.Socket.prototype, "dgram.Socket", "send");
  forbidLookups(dns, "dns");
  forbidLookups(dns.promises, "dns.promises");
  forbidLookups(dns.Resolver.prototype, "dns.Resolver");
  forbidLookups(dns.promises.Resolver.prototype, "dns.promises.Resolver");
  syncBuiltinESMExports(); // for `import { lookup } from "node:dns"`

  return {
    attempts,
    restore() {
      for (const restore of restores.splice(0).reverse()) restore();
      syncBuiltinESMExports();
    },
  };
}
