/**
 * Calls `begin` when somebody takes hold and nobody had, and `end` when the last one has let go. What
 * is returned takes hold; what that returns lets go, once.
 */
export function createHold(begin: () => void, end: () => void): () => () => void {
  const holders = new Set<object>();
  return () => {
    const holder = {};
    if (holders.size === 0) begin();
    holders.add(holder);
    return () => {
      if (holders.delete(holder) && holders.size === 0) end();
    };
  };
}
