/** What the bench answers: a folder for each, and a result of the same name. */
export const questions = [
  "primitives",
  "server",
  "sidecar",
  "hostile",
  "replay",
  "growth",
  "peers",
  "start",
];
