import { capacityOf } from "../capacity/capacity.mjs";
import { judge } from "../check/judge.mjs";
import { controls, measures } from "../check/measures.mjs";
import { rounded } from "../harness/report.mjs";
import { checksOf } from "../peers/figures.mjs";

const onNode = ({ runs }, line) => runs.find(({ node }) => node.startsWith(`v${line}.`));
const number = (value) =>
  typeof value === "number" ? rounded(value).toLocaleString("en") : (value ?? "");

/** A Markdown table of rows by name, with the columns that are named. */
function table(first, rows, columns) {
  const lines = Object.entries(rows).map(
    ([name, row]) => `| ${[name, ...columns.map((column) => number(row[column]))].join(" | ")} |`,
  );
  const head = [first, ...columns].join(" | ");
  return [`| ${head} |`, `|---|${columns.map(() => "--:").join("|")}|`, ...lines].join("\n");
}

/** The same with every column that the first row has. */
function wholeTable(first, rows) {
  return table(first, rows, Object.keys(Object.values(rows)[0] ?? {}));
}

function machineOf({ sidecar }) {
  const { machine, time, runs } = sidecar;
  const nodes = runs.map(({ node }) => node.replace("v", "")).join(" and ");
  return `${machine.cpus} × ${machine.cpu}, ${time.slice(0, 10)}, Node ${nodes}`;
}

function added({ sidecar }, line) {
  const { loads } = onNode(sidecar, line);
  const rows = Object.fromEntries(
    Object.keys(loads.saturated).map((mode) => [
      mode,
      {
        "one in flight, p50 µs": loads["one in flight"][mode]["added p50 µs"],
        "one in flight, p99 µs": loads["one in flight"][mode]["added p99 µs"],
        "1,000/s, CPU µs": loads["1,000 requests/s"][mode]["added CPU µs"],
        "saturated, CPU µs": loads.saturated[mode]["added CPU µs"],
      },
    ]),
  );
  return table("added to a direct call", rows, Object.keys(rows.direct));
}

function processes({ sidecar }) {
  const rows = onNode(sidecar, "24").loads.saturated;
  const columns = ["client", "server", "near", "far"].map((name) => `${name} s/10k`);
  return table("saturated", rows, columns);
}

function verdicts(results) {
  const rows = Object.fromEntries(
    measures.map((measure) => {
      const { name, value, target, isMet } = judge(measure, results);
      return [name, { measured: value, target, "": isMet ? "ok" : "miss" }];
    }),
  );
  return table("measure", rows, ["measured", "target", ""]);
}

function primitives({ primitives: { runs } }) {
  const { operations } = runs.find(
    ({ kind, node }) => kind === "x509-svid" && node.startsWith("v24."),
  );
  return table("µs", operations, ["wall", "low", "high", "cpu"]);
}

/** The same operations for each kind of proof and credential, by CPU time. */
function kindsOfProof({ primitives: { runs } }) {
  const columns = [
    "raw sign",
    "prove",
    "raw verify",
    "verify, known credential",
    "verify, new credential",
  ];
  const rows = runs
    .filter(({ node }) => node.startsWith("v24."))
    .map(({ kind, proof, operations }) => [
      `${proof}, ${kind}`,
      Object.fromEntries(columns.map((name) => [name, operations[name].cpu])),
    ]);
  return table("CPU, µs", Object.fromEntries(rows), columns);
}

function capacity(results) {
  return capacityOf(results)
    .map(({ perSecond, designs, ...rest }) => {
      const columns = Object.keys(designs.firsthand);
      const others = Object.entries(rest).map(([name, value]) => `${name}: ${number(value)}`);
      return `**${perSecond.toLocaleString("en")} requests/s**\n\n${table("", designs, columns)}\n\n${others.join("; ")}.`;
    })
    .join("\n\n");
}

/** What stands between the marks of the documents, by the name of the mark. */
export const tables = {
  machine: machineOf,
  verdicts,
  controls: (results) =>
    table(
      "the same thing twice",
      Object.fromEntries(controls.map(([name, of]) => [name, { "A/A": of(results) }])),
      ["A/A"],
    ),
  "added-24": (results) => added(results, "24"),
  "added-20": (results) => added(results, "20"),
  processes,
  memory: ({ sidecar }) => {
    const rows = Object.entries(onNode(sidecar, "24").memory).map(([name, MiB]) => [name, { MiB }]);
    return table("resident", Object.fromEntries(rows), ["MiB"]);
  },
  primitives,
  "primitives-kinds": kindsOfProof,
  server: ({ server }) =>
    table("32 in flight", server.runs.at(-1).rows, ["requests/s", "p50", "p99", "server CPU"]),
  refusing: ({ hostile }) => table("", hostile.rows, ["code", "CPU", "÷ accept"]),
  flood: ({ hostile }) =>
    table("honest callers", hostile.floods.rows, ["p50 µs", "p99 µs", "bad proofs/s"]),
  replay: ({ replay }) => wholeTable("live ids", replay.rows),
  "replay-redis": ({ replay: { redis } }) => {
    const rows = wholeTable("live ids", redis.rows);
    return redis.skipped === undefined ? rows : `${rows}\n\nNot measured: ${redis.skipped}.`;
  },
  growth: ({ growth }) => wholeTable("what grows", growth.rows),
  peers: ({ peers }) => wholeTable("µs", peers.operations.rows),
  "peers-checks": ({ peers }) => wholeTable("", checksOf(peers.refusals)),
  "peers-server": ({ peers }) => {
    const { inFlight, rows } = peers.servers.at(-1);
    return wholeTable(`${inFlight} in flight`, rows);
  },
  start: ({ start }) => table("", start.runs[0].rows, ["import ms", "CPU ms", "added MiB"]),
  capacity,
};
