/**
 * An error whose code says where it comes from. The frames of its stack are not collected: that takes
 * several times as long as the check that failed, and whoever sends bad proofs decides how often. What
 * it has for a cause keeps its own.
 */
export class FramelessError extends Error {
  constructor(message: string, options: { readonly cause?: unknown }) {
    const limit: unknown = Reflect.get(Error, "stackTraceLimit");
    Reflect.set(Error, "stackTraceLimit", 0); // has no effect where the platform is frozen
    super(message, options);
    Reflect.set(Error, "stackTraceLimit", limit);
  }
}
