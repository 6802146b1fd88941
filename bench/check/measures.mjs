const oneInFlight = "one in flight";
const open = "1,000 requests/s";

const onNode = ({ runs }, line) => runs.find(({ node }) => node.startsWith(`v${line}.`));
const primitives = ({ primitives }, kind) =>
  primitives.runs.find((run) => run.kind === kind && run.node.startsWith("v24.")).ratios;
const lean = (rows, column) => (rows.haproxy[column] + rows.nginx[column]) / 2;

/** What a proof by session adds, beside what two proxies add. */
function bySession(name, proxy, { load, column, atMost }) {
  return {
    name: `session: ${name} ÷ two ${{ haproxy: "HAProxy", envoy: "Envoys" }[proxy]}`,
    atMost,
    of({ sidecar }) {
      const rows = onNode(sidecar, "24").loads[load];
      return rows.sessions[column] / rows[proxy][column];
    },
  };
}
const latency = { load: oneInFlight, column: "added p50 µs", atMost: 0.15 };
const cpu = { load: "saturated", column: "added CPU µs", atMost: 0.25 };

function toLean(results, line, load, column) {
  const rows = onNode(results.sidecar, line).loads[load];
  return rows.firsthand[column] / lean(rows, column);
}

/** Each measure of the bench that has a target: `atLeast` or `atMost`. */
export const measures = [
  {
    name: "prove ÷ one raw sign, throughput",
    atLeast: 0.93,
    of: (results) => primitives(results, "x509-svid")["prove ÷ raw sign, throughput"],
  },
  {
    name: "verify ÷ one raw verify, throughput",
    atLeast: 0.93,
    of: (results) => primitives(results, "x509-svid")["verify ÷ raw verify, throughput"],
  },
  {
    name: "CPU of both sides, jose ÷ ours",
    atLeast: 2,
    of: (results) => primitives(results, "x509-svid")["CPU of both sides, jose ÷ ours"],
  },
  ...["20", "24"].map((line) => ({
    name: `added p50, one in flight ÷ HAProxy and nginx pairs, Node ${line}`,
    atMost: 0.65,
    of: (results) => toLean(results, line, oneInFlight, "added p50 µs"),
  })),
  {
    name: "added p50, one in flight ÷ two Envoys",
    atMost: 0.4,
    of({ sidecar }) {
      const rows = onNode(sidecar, "24").loads[oneInFlight];
      return rows.firsthand["added p50 µs"] / rows.envoy["added p50 µs"];
    },
  },
  {
    name: "CPU per request ÷ lean pair, 1,000 requests/s",
    atMost: 0.8,
    of: (results) => toLean(results, "24", open, "added CPU µs"),
  },
  {
    name: "CPU per request ÷ lean pair, saturated",
    atMost: 1.75,
    of: (results) => toLean(results, "24", "saturated", "added CPU µs"),
  },
  bySession("added p50, one in flight", "haproxy", latency),
  bySession("added p50, one in flight", "envoy", latency),
  bySession("CPU per request, saturated", "haproxy", cpu),
  bySession("CPU per request, saturated", "envoy", cpu),
  {
    name: "memory added to a service ÷ one Envoy",
    atMost: 0.2,
    of({ sidecar }) {
      const { memory } = onNode(sidecar, "24");
      return (memory["service, firsthand"] - memory["service, plain"]) / memory.envoy;
    },
  },
  {
    name: "server requests/s ÷ bare handler and raw verify",
    atLeast: 0.75,
    of({ server }) {
      const { ratios } = server.runs.find(({ inFlight }) => inFlight === 32);
      return ratios["node: requests/s ÷ what bare handler and raw verify allow"];
    },
  },
  {
    name: "refusing a malformed proof ÷ accepting one",
    atMost: 0.1,
    of: ({ hostile }) => hostile.ratios["malformed ÷ accept"],
  },
  {
    name: "honest p99 while bad proofs arrive ÷ without",
    atMost: 3,
    of: ({ hostile }) => hostile.floods.ratios["not base64url"],
  },
  {
    name: "bytes of a live replay id at a million",
    atMost: 20,
    of: ({ replay }) => replay.rows[1_000_000]["bytes an id"],
  },
  {
    name: "longest claim at a million ids, ms",
    atMost: 10,
    of: ({ replay }) => replay.rows[1_000_000]["longest claim, ms"],
  },
  {
    name: "importing core over bare Node, ms",
    atMost: 40,
    of({ start }) {
      const { rows } = start.runs.find(({ node }) => node === "24");
      return rows["@firsthand/core"]["import ms"] - rows.nothing["import ms"];
    },
  },
];

/** How far two measurements of the same thing lay apart: differences below it are not resolved. */
export const controls = [
  ["sign", (results) => primitives(results, "x509-svid")["A/A sign"]],
  ["verify", (results) => primitives(results, "x509-svid")["A/A verify"]],
  ...[oneInFlight, open, "saturated"].map((load) => [
    `direct, ${load}, µs of p50`,
    ({ sidecar }) => onNode(sidecar, "24").loads[load]["direct again"]["added p50 µs"],
  ]),
  [
    "direct, saturated, µs of CPU",
    ({ sidecar }) => onNode(sidecar, "24").loads.saturated["direct again"]["added CPU µs"],
  ],
  ["server", ({ server }) => server.runs[0].ratios["A/A"]],
  ["refusing", ({ hostile }) => hostile.rows["accept again"]["÷ accept"]],
  ["peers, CPU of both sides", ({ peers }) => peers.operations.ratios["A/A wpt-02"]],
  ["peers, requests/s of Express", ({ peers }) => peers.servers.at(-1).ratios["A/A requests/s"]],
  ["growth", ({ growth }) => growth.ratios["A/A"]],
  ["honest p99", ({ hostile }) => hostile.floods.ratios["alone again"]],
];
