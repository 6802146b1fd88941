import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./run.mjs";

const packagesDirectory = fileURLToPath(new URL("../packages", import.meta.url));

async function succeed(command, args, cwd) {
  const { code, output } = await run(command, args, { cwd });
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} failed\n${output}`);
}

function link(target, path) {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path, "dir");
}

/**
 * Packs every package and installs the tarballs, without the registry, the way pnpm would: each
 * package sees what its manifest declares and nothing else. Third-party packages are those that
 * the workspace has installed.
 */
export async function packPackages(scratch) {
  const packages = [];
  for (const name of readdirSync(packagesDirectory)) {
    const source = join(packagesDirectory, name);
    if (!existsSync(join(source, "dist"))) throw new Error(`${name} is not built: run the build`);
    const modules = join(scratch, "installed", name, "node_modules");
    const root = join(modules, "@firsthand", name);
    const tarball = join(scratch, `${name}.tgz`);
    mkdirSync(root, { recursive: true });
    await succeed("pnpm", ["pack", "--out", tarball], source);
    await succeed("tar", ["-xzf", tarball, "-C", root, "--strip-components=1"]);
    const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    packages.push({ name, source, modules, root, tarball, manifest });
  }
  for (const one of packages) linkRequired(one, packages);
  return packages;
}

function linkRequired({ name, source, modules, manifest }, packages) {
  const optional = optionalPeers(manifest);
  const required = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
  for (const dependency of required.filter((each) => !optional.includes(each))) {
    const own = packages.find((each) => each.manifest.name === dependency);
    if (own === undefined) linkInstalled({ source, modules }, dependency);
    else if (own.name !== name) link(own.root, join(modules, dependency));
  }
}

function linkInstalled({ source, modules }, dependency) {
  link(realpathSync(join(source, "node_modules", dependency)), join(modules, dependency));
}

function optionalPeers({ peerDependenciesMeta = {} }) {
  return Object.keys(peerDependenciesMeta).filter((peer) => peerDependenciesMeta[peer].optional);
}

/** Adds what a package can use but must not need. */
export function linkOptionalPeers(packed) {
  for (const peer of optionalPeers(packed.manifest)) linkInstalled(packed, peer);
}

/** A folder of an application that depends on all packages. */
export function createConsumer(scratch, packages) {
  const consumer = join(scratch, "consumer");
  for (const { manifest, root } of packages)
    link(root, join(consumer, "node_modules", manifest.name));
  return consumer;
}
