import { median, summary } from "../harness/statistics.mjs";

/** Beside which way of Firsthand each other stands: the one that does the most alike. */
const nearest = {
  DPoP: "wpt-02",
  "http-message-signatures, ES256": "http-signature-07",
  "http-message-signatures, Ed25519": "http-signature-07",
  "http-message-sig, Ed25519": "http-signature-07",
};

const ours = ["wpt-02", "svid-proof-1", "http-signature-07", "svid-signature-1"];

/** Whether a way is one of Firsthand. */
export const isOurs = (name) => ours.includes(name);

/** Each other way ÷ the nearest of Firsthand, by one figure of the rows. */
function besideOurs(rows, column) {
  return Object.fromEntries(
    Object.entries(nearest).map(([name, our]) => [
      `${column}, ${name} ÷ ${our}`,
      rows[name][column] / rows[our][column],
    ]),
  );
}

/** What signing and verifying take, in microseconds, by way. */
export function operationsOf(samples) {
  const rows = Object.fromEntries(
    Object.entries(samples).map(([name, blocks]) => {
      const both = summary(blocks.map(({ sign, verify }) => sign.cpu + verify.cpu));
      return [
        name,
        {
          sign: median(blocks.map(({ sign }) => sign.wall)),
          verify: median(blocks.map(({ verify }) => verify.wall)),
          "sign CPU": median(blocks.map(({ sign }) => sign.cpu)),
          "verify CPU": median(blocks.map(({ verify }) => verify.cpu)),
          "both CPU": both.median,
          low: both.low,
          high: both.high,
        },
      ];
    }),
  );
  return {
    rows,
    ratios: {
      ...besideOurs(rows, "both CPU"),
      ...besideOurs(rows, "verify CPU"),
      "A/A bare ES256": rows["bare ES256 again"]["both CPU"] / rows["bare ES256"]["both CPU"],
      "A/A wpt-02": rows["wpt-02 again"]["both CPU"] / rows["wpt-02"]["both CPU"],
    },
  };
}

/** What a server does with each way, and what that adds to the CPU of a bare one in the same round. */
export function serversOf(samples, bare) {
  const rows = Object.fromEntries(
    Object.entries(samples).map(([name, blocks]) => {
      const added = summary(blocks.map(({ cpu }, round) => cpu - samples[bare][round].cpu));
      return [
        name,
        {
          "requests/s": median(blocks.map(({ perSecond }) => perSecond)),
          p50: median(blocks.map(({ p50 }) => p50)),
          p99: median(blocks.map(({ p99 }) => p99)),
          "server CPU": median(blocks.map(({ cpu }) => cpu)),
          "added CPU": added.median,
          low: added.low,
          high: added.high,
        },
      ];
    }),
  );
  return {
    rows,
    ratios: {
      ...besideOurs(rows, "requests/s"),
      ...besideOurs(rows, "added CPU"),
      "A/A requests/s": rows[`${bare}, again`]["requests/s"] / rows[bare]["requests/s"],
    },
  };
}

/** Which attacks each way refuses: a row for each attack. */
export function checksOf(refusals) {
  const attacks = Object.keys(Object.values(refusals)[0]);
  return Object.fromEntries(
    attacks.map((attack) => [
      attack,
      Object.fromEntries(
        Object.entries(refusals).map(([name, reasons]) => [
          name,
          reasons[attack] === null ? "accepted" : "refused",
        ]),
      ),
    ]),
  );
}
