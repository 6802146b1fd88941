import { systemClock } from "@firsthand/core";
import { createWorkloadApiClient } from "./workload-api-client.js";

// A program that opens a client, never closes it, and has nothing else to wait for.

const [mode = "", path = ""] = process.argv.slice(2);
const controller = new AbortController();
const { signal } = controller;
const client = createWorkloadApiClient({ endpoint: { kind: "unix", path }, clock: systemClock });

/** Whether HTTP/2 is loaded. */
function hasHttp2(): boolean {
  const { moduleLoadList } = process as unknown as { moduleLoadList: readonly string[] };
  return moduleLoadList.some((name) => name.includes("internal/http2"));
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function watch(): Promise<void> {
  say(`http2 ${hasHttp2()}`);
  for await (const { svids } of client.watchX509Svids(signal)) say(`svids ${svids.length}`);
}

async function ask(): Promise<void> {
  const { svids } = await client.fetchJwtSvids({ audience: ["a"] }, signal);
  say(`svids ${svids.length}`);
}

async function abort(): Promise<void> {
  const answer = ask().catch(say);
  controller.abort("aborted");
  await answer;
}

const programs: Readonly<Record<string, () => Promise<void>>> = { watch, ask, abort };
void programs[mode]?.();
