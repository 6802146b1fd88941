import { defineConfig } from "tsup";

export default defineConfig({
  entry: ["src/index.ts", "src/http/index.ts", "src/runtime/node.ts", "src/runtime/web.ts"],
  format: "esm",
  target: "es2022",
  platform: "neutral",
  external: ["#runtime", /^node:/],
  sourcemap: true,
  clean: true,
});
