import { readdirSync, readFileSync } from "node:fs";

/** CPU time of all threads of a process so far, in microseconds. */
export function cpuMicroseconds(pid) {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const [ran] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ", 1);
    nanoseconds += Number(ran);
  }
  return nanoseconds / 1000;
}

/** How long the main thread of a process could have run and had no core so far, in microseconds. */
export function waitedMicroseconds(pid) {
  const [, waited] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, "utf8").split(" ");
  return Number(waited) / 1000;
}

/** Resident memory of a process, in MiB. */
export function residentMebibytes(pid) {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(kibibytes) / 1024;
}

/** What processes used while something ran, by name; CPU in microseconds. */
export async function usageDuring(pids, act) {
  const before = Object.entries(pids).map(([name, pid]) => [name, cpuMicroseconds(pid)]);
  const result = await act();
  const cpu = before.map(([name, start]) => [name, cpuMicroseconds(pids[name]) - start]);
  return { result, cpu: Object.fromEntries(cpu) };
}

/** The numbers of the cores that this process may use, from `/proc`. */
export function allowedCores() {
  const [, list] = /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync("/proc/self/status", "utf8"));
  return list.split(",").flatMap((range) => {
    const [first, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, at) => String(first + at));
  });
}
