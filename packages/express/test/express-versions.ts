import { createRequire } from "node:module";
import express from "express";

// Express 4 has no types of its own.
const express4 = createRequire(import.meta.url)("express4") as typeof express;

export const expressVersions: readonly (readonly [name: string, create: typeof express])[] = [
  ["Express 5", express],
  ["Express 4", express4],
];
