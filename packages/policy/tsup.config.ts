import { defineConfig } from "tsup";
import { libraryBuild } from "../../tsup.base.js";

export default defineConfig(
  libraryBuild(["src/index.ts", "src/cedar/index.ts", "src/cli/main.ts"]),
);
