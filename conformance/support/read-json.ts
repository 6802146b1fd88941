import { readFileSync } from "node:fs";

/** A JSON file that belongs to the module asking. */
export function readJson<T>(name: string, moduleUrl: string): T {
  return JSON.parse(readFileSync(new URL(name, moduleUrl), "utf8")) as T;
}
