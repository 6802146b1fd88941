import { existsSync, readFileSync } from "node:fs";

const folder = new URL("../../../shared/vectors/", import.meta.url);

/** Whether a file of the shared vectors, in a folder beside the checkout, is there. */
export function hasShared(name: string): boolean {
  return existsSync(new URL(name, folder));
}

/** A JSON file of the shared vectors. */
export function readShared<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, folder), "utf8")) as T;
}
