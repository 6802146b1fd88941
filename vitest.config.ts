import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = "@firsthand/source";
const webRuntime = fileURLToPath(new URL("packages/core/src/runtime/web.ts", import.meta.url));
const ci = process.env.CI !== undefined;

export default defineConfig({
  resolve: { conditions: [source] },
  ssr: { resolve: { conditions: [source], externalConditions: [source] } },
  test: {
    restoreMocks: true,
    setupFiles: ["./scripts/fail-on-console.ts"],
    testTimeout: 60_000, // for what hangs; no test measures time
    hookTimeout: 60_000,
    reporters: ci ? ["default", ["json", { outputFile: "coverage/tests.json" }]] : ["default"],
    coverage: {
      enabled: ci,
      provider: "v8",
      reporter: ["text", "html"],
      include: ["packages/core/src/**/*.ts"],
      exclude: ["**/*.test.ts", "**/*.test-support.ts"],
      thresholds: { branches: 100, functions: 100, lines: 100, statements: 100 },
    },
    projects: [
      {
        extends: true,
        test: {
          name: "packages",
          include: [
            "packages/*/src/**/*.test.ts",
            "packages/*/test/**/*.test.ts",
            "conformance/**/*.test.ts",
            "test/**/*.test.ts",
            "bench/**/*.test.mjs",
          ],
        },
      },
      {
        // The same rules over WebCrypto, as workers, browsers and Deno would run them.
        extends: true,
        resolve: { alias: { "#runtime": webRuntime } },
        test: { name: "core-on-webcrypto", include: ["packages/core/src/**/*.test.ts"] },
      },
    ],
  },
});
