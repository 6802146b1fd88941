import { defineConfig } from "tsup";
import { libraryBuild } from "../../tsup.base.js";

export default defineConfig(
  libraryBuild([
    "src/index.ts",
    "src/audit/index.ts",
    "src/http/index.ts",
    "src/runtime/node.ts",
    "src/runtime/web.ts",
  ]),
);
