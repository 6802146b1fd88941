import type { Options } from "tsup";

/**
 * How every package is built: ES modules with source maps, dependencies left alone. Declarations
 * come from `tsc`. `#runtime` stays an import, so that package.json picks the runtime when it runs.
 */
export function libraryBuild(entry: string[]): Options {
  return {
    entry,
    format: "esm",
    target: "es2022",
    platform: "neutral",
    external: ["#runtime", /^node:/],
    removeNodeProtocol: false,
    sourcemap: true,
    clean: true,
  };
}
