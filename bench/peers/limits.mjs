/** How old a proof may be, for every way that asks. */
export const maxAgeSeconds = 60;
