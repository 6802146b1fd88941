import type { EventEmitter } from "node:events";

/** Decides on an event: `proceed` hands it to the listeners, at once or later. */
export type EventGuard = (args: readonly unknown[], proceed: () => boolean) => boolean;

export type EventGuards = Readonly<Record<string, EventGuard>>;

/**
 * Puts guards before events of an emitter. Listeners that are added later are behind them as well,
 * which is why the guards are not listeners themselves.
 */
export function interceptEvents(emitter: EventEmitter, guards: EventGuards): void {
  const { emit } = emitter;
  const byEvent = new Map<string | symbol, EventGuard>(Object.entries(guards));
  emitter.emit = (event, ...args: unknown[]) => {
    const proceed = () => Reflect.apply(emit, emitter, [event, ...args]);
    const guard = byEvent.get(event);
    return guard === undefined ? proceed() : guard(args, proceed);
  };
}
