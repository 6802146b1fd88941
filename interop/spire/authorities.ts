import type { SpireServer } from "./spire-server.js";

export type AuthorityKind = "x509" | "jwt";

interface AuthorityState {
  readonly authority_id: string;
}

/** The local authorities of one kind, and the steps of their rotation. */
export class Authorities {
  readonly #server: SpireServer;
  readonly #kind: AuthorityKind;

  constructor(server: SpireServer, kind: AuthorityKind) {
    this.#server = server;
    this.#kind = kind;
  }

  /** The ID of the authority that signs. */
  async active(): Promise<string> {
    const { active } = await this.#ask<{ active: AuthorityState }>("show");
    return active.authority_id;
  }

  /** Makes a new authority and publishes it. */
  async prepare(): Promise<string> {
    const { prepared_authority: prepared } = await this.#ask<{
      prepared_authority: AuthorityState;
    }>("prepare");
    return prepared.authority_id;
  }

  /** From now on the prepared authority signs. */
  async activate(id: string): Promise<void> {
    await this.#ask("activate", "-authorityID", id);
  }

  /** From now on nothing that an old authority signed is used any more. */
  async taint(id: string): Promise<void> {
    await this.#ask("taint", "-authorityID", id);
  }

  /** Takes an old authority out of the bundle. */
  async revoke(id: string): Promise<void> {
    await this.#ask("revoke", "-authorityID", id);
  }

  #ask<T>(command: string, ...args: readonly string[]): Promise<T> {
    return this.#server.ask<T>(`localauthority ${this.#kind} ${command}`, ...args);
  }
}
