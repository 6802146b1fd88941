import { readFileSync } from "node:fs";
import type { Options } from "tsup";

/** The licence of zod goes where parts of it go. */
function bannerOf({ dependencies = {} }: { dependencies?: Record<string, string> }) {
  if (!("zod" in dependencies)) return {};
  const license = new URL("LICENSE", import.meta.resolve("zod/package.json"));
  return { js: `/* Parts of this package are of zod.\n\n${readFileSync(license, "utf8")}*/` };
}

/**
 * How every package is built: ES modules with source maps, dependencies left alone, but for what is
 * used of zod: whole, it would take longer to import than everything else. Declarations come from
 * `tsc`. `#runtime` stays an import, so that package.json picks the runtime when it runs.
 */
export function libraryBuild(entry: string[]): Options {
  return {
    entry,
    format: "esm",
    target: "es2022",
    platform: "neutral",
    external: ["#runtime", /^node:/],
    noExternal: ["zod"],
    banner: bannerOf(JSON.parse(readFileSync("package.json", "utf8"))),
    removeNodeProtocol: false,
    sourcemap: true,
    clean: true,
  };
}
