import { isOurs } from "../peers/figures.mjs";

const onNode = ({ runs }, line) => runs.find(({ node }) => node.startsWith(`v${line}.`));
const modes = {
  firsthand: "signature in each request",
  sessions: "MAC of a session",
  bareSignature: "a bare signature",
  bareMac: "a bare MAC",
  mutualTls: "mutual TLS in the process",
  haproxy: "two HAProxy",
  nginx: "two nginx",
  envoy: "two Envoy",
};

function partOf(mode) {
  if (mode.startsWith("bare")) return "bare";
  return ["firsthand", "sessions"].includes(mode) ? "ours" : "other";
}

function added(sidecar, load, column) {
  const rows = onNode(sidecar, "24").loads[load];
  return Object.entries(modes).map(([mode, label]) => ({
    label,
    value: Math.max(0, rows[mode][column]),
    part: partOf(mode),
  }));
}

/** The pictures of docs/performance.md, each made of results of the bench. */
export const charts = {
  "added-latency": ({ sidecar }) => ({
    title: "Added to a call, one in flight, p50, Node 24",
    unit: "µs",
    bars: added(sidecar, "one in flight", "added p50 µs"),
  }),
  "added-cpu": ({ sidecar }) => ({
    title: "CPU added to a call, all processes, 1,000 requests/s, Node 24",
    unit: "µs",
    bars: added(sidecar, "1,000 requests/s", "added CPU µs"),
  }),
  "added-cpu-saturated": ({ sidecar }) => ({
    title: "CPU added to a call, all processes, saturated, Node 24",
    unit: "µs",
    bars: added(sidecar, "saturated", "added CPU µs"),
  }),
  memory({ sidecar }) {
    const { memory } = onNode(sidecar, "24");
    const service = memory["service, firsthand"] - memory["service, plain"];
    const proxies = ["haproxy", "nginx", "envoy"].map((name) => ({
      label: `one ${{ haproxy: "HAProxy", nginx: "nginx", envoy: "Envoy" }[name]}`,
      value: memory[name],
      part: "other",
    }));
    return {
      title: "Memory beside a service, or added to it",
      unit: "MiB",
      bars: [
        { label: "Firsthand in the service", value: Math.max(0, service), part: "ours" },
        ...proxies,
      ],
    };
  },
  primitives({ primitives }) {
    const { operations } = onNode(
      { runs: primitives.runs.filter(({ kind }) => kind === "x509-svid") },
      "24",
    );
    const shown = [
      "raw sign",
      "prove",
      "jose sign",
      "raw verify",
      "verify, known credential",
      "jose verify",
    ];
    const ours = ["prove", "verify, known credential"];
    return {
      title: "One operation in one process, ES256, Node 24",
      unit: "µs",
      bars: shown.map((name) => ({
        label: name,
        value: operations[name].cpu,
        part: ours.includes(name) ? "ours" : name.startsWith("raw") ? "bare" : "other",
      })),
    };
  },
  peers: ({ peers }) => ({
    title: "Signing and verifying one request, CPU of both sides, Node 24",
    unit: "µs",
    bars: Object.entries(peers.operations.rows)
      .filter(([name]) => !name.endsWith("again"))
      .map(([name, { "both CPU": value }]) => ({
        label: name,
        value,
        part: isOurs(name) ? "ours" : name.startsWith("bare") ? "bare" : "other",
      })),
  }),
  refusing: ({ hostile }) => ({
    title: "CPU of refusing and accepting, Node 24",
    unit: "µs",
    bars: Object.entries(hostile.rows)
      .filter(([name]) => name !== "accept again")
      .map(([name, { CPU: value }]) => ({ label: name, value, part: name })),
  }),
};
