// What our own SVIDs are held to, beside what every SVID is held to.

/** Granted to `notBefore`, `nbf` and `iat`. */
export const ownSkewSeconds = 30;

/** How long our own tokens may live: that is for those to judge who accept them. */
export const ownLifetimeSeconds = 366 * 24 * 60 * 60;
