import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const conditions = ["@firsthand/source"];
const webRuntime = fileURLToPath(new URL("packages/core/src/runtime/web.ts", import.meta.url));

export default defineConfig({
  resolve: { conditions: [...conditions, "node", "module", "import", "default"] },
  ssr: { resolve: { conditions: [...conditions, "node", "module", "import", "default"], externalConditions: conditions } },
  test: {
    restoreMocks: true,
    setupFiles: ["./scripts/fail-on-console.ts"],
    coverage: {
      provider: "v8",
      include: ["packages/core/src/**/*.ts"],
      exclude: ["**/*.test.ts"],
      thresholds: { branches: 100 },
    },
    projects: [
      {
        extends: true,
        test: {
          name: "packages",
          include: ["packages/*/src/**/*.test.ts", "packages/*/test/**/*.test.ts", "conformance/**/*.test.ts", "test/**/*.test.ts"],
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
