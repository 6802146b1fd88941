import { execFile, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const started = new Set();
process.on("exit", () => {
  for (const child of started) child.kill("SIGKILL");
});

/** Options of this Node that a child needs, to find the same packages. */
const inherited = process.execArgv.filter((option) => !option.startsWith("--cpu-prof"));

/**
 * A program of the bench on a Node of its own, on the cores that are named if any. It answers each
 * message with one of the same id.
 */
export async function startProgram(url, { execPath = process.execPath, cores, data } = {}) {
  const pinning = cores === undefined ? [] : ["taskset", "--cpu-list", cores];
  const [command, ...options] = [...pinning, execPath, ...inherited];
  const child = fork(fileURLToPath(url), [JSON.stringify(data ?? null)], {
    execPath: command,
    execArgv: options,
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    serialization: "advanced",
  });
  started.add(child);
  const ready = await answerOf(child, () => undefined);
  return {
    pid: child.pid,
    ready,
    ask: (question) => answerOf(child, () => child.send(question)),
    stop: () => stop(child),
  };
}

async function answerOf(child, ask) {
  const asked = new AbortController();
  const { signal } = asked;
  const answered = once(child, "message", { signal });
  const ended = once(child, "exit", { signal }).then(() => [{ failure: "a program has ended" }]);
  const outcome = Promise.race([answered, ended]);
  ended.catch(() => undefined); // called off
  ask();
  const [answer] = await outcome;
  asked.abort();
  if (answer?.failure !== undefined) throw new Error(answer.failure);
  return answer;
}

/** A program that is not of Node, such as a proxy. */
export function startExecutable(command, args) {
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"] });
  let output = "";
  child.stderr.setEncoding("utf8").on("data", (chunk) => {
    output = (output + chunk).slice(-4000);
  });
  started.add(child);
  return { pid: child.pid, output: () => output, stop: () => stop(child) };
}

async function stop(child) {
  started.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 3000);
  await ended;
  clearTimeout(timer);
}

/** What a short program prints as JSON. */
export async function runProgram(url, { execPath = process.execPath, data, args = [] } = {}) {
  const options = [...inherited, ...args, fileURLToPath(url), JSON.stringify(data ?? null)];
  const { stdout } = await promisify(execFile)(execPath, options, { maxBuffer: 2 ** 26 });
  return JSON.parse(stdout);
}
