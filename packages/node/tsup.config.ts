import { defineConfig } from "tsup";
import { libraryBuild } from "../../tsup.base.js";

export default defineConfig(
  libraryBuild([
    "src/index.ts",
    "src/opentelemetry/index.ts",
    "src/tls/index.ts",
    "src/undici/index.ts",
  ]),
);
