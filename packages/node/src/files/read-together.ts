import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { CredentialError } from "@firsthand/core";
import { fileInvalid, fileUnreadable } from "./file-error.js";

const maxBytes = 1024 * 1024;

/** A file as it was read. */
interface FileRead {
  readonly content: Uint8Array;
  /** Another one as soon as the path leads to another file or to another content. */
  readonly version: string;
}

/**
 * Reads files as they were at one moment. After the last was read each is looked at again; where one
 * has changed meanwhile, nothing was read.
 *
 * @throws {CredentialError} `file_unreadable`; `file_invalid` for what is empty, larger than 1 MiB, not
 * a regular file, or not at rest
 */
export async function readTogether(
  paths: Iterable<string>,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, FileRead>();
  for (const path of paths) files.set(path, await reading(path, () => readOne(path)));
  for (const [path, { version }] of files) {
    const stats = await reading(path, () => stat(path, { bigint: true }));
    if (versionOf(stats) !== version) throw fileInvalid(path, "changed while it was read");
  }
  return new Map([...files].map(([path, { content }]) => [path, content]));
}

async function readOne(path: string): Promise<FileRead> {
  // without O_NONBLOCK a named pipe would hold us until somebody writes to it
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return await readOpened(path, file);
  } finally {
    await file.close();
  }
}

async function readOpened(path: string, file: FileHandle): Promise<FileRead> {
  const stats = await file.stat({ bigint: true });
  if (!stats.isFile()) throw fileInvalid(path, "is not a regular file");
  if (stats.size === 0n) throw fileInvalid(path, "is empty");
  if (stats.size > maxBytes) throw fileInvalid(path, "is larger than 1 MiB");
  return { content: await file.readFile(), version: versionOf(stats) };
}

function versionOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join();
}

async function reading<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw error instanceof CredentialError ? error : fileUnreadable(path, error);
  }
}
