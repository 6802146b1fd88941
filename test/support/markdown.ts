import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Some fenced blocks of a document that make one program. */
export interface Snippet {
  /** Where it begins, counted from one. */
  readonly line: number;
  /** Every line stands where it stands in the document, so that messages point there. */
  readonly code: string;
  readonly runs: boolean;
}

interface Block {
  readonly info: readonly string[];
  /** Index of the first line of the content. */
  readonly start: number;
  readonly end: number;
}

const ignored = new Set(["node_modules", "dist", "coverage", ".git"]);

/** The paths of all documents below a folder, relative to it. */
export function markdownFiles(root: string, folder = ""): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return ignored.has(entry.name) ? [] : markdownFiles(root, path);
    return path.endsWith(".md") ? [path] : [];
  });
}

/** The programs of a document; CONTRIBUTING.md says how they are marked. */
export function snippetsIn(file: string): Snippet[] {
  const lines = linesOf(file);
  const programs: { line: number; blocks: Block[] }[] = [];
  for (const block of blocksIn(lines).filter(({ info }) => info[0] === "ts")) {
    const previous = programs.at(-1);
    if (!block.info.includes("continued")) programs.push({ line: block.start, blocks: [block] });
    else if (previous !== undefined) previous.blocks.push(block);
    else throw new Error(`${file}:${block.start} continues no snippet`);
  }
  return programs.map(({ line, blocks }) => ({
    line,
    code: keep(lines, (index) => isIn(blocks, index)).join("\n"),
    runs: !blocks.some(({ info }) => info.includes("no-run")),
  }));
}

/** Where the links and images of a document lead. */
export function linksIn(file: string): string[] {
  const lines = linesOf(file);
  const blocks = blocksIn(lines);
  const text = keep(lines, (index) => !isIn(blocks, index))
    .join("\n")
    .replaceAll(/`[^`\n]*`/g, "");
  const targets = /\]\(([^)\s]+)[^)]*\)|^\[[^\]]+\]:\s*(\S+)|\b(?:href|src)="([^"]+)"/gm;
  return [...text.matchAll(targets)].map((match) => match.slice(1).join(""));
}

/** The fragments that links into a document can name: its headings, spelt as GitHub spells them. */
export function anchorsIn(file: string): string[] {
  const lines = linesOf(file);
  const blocks = blocksIn(lines);
  return keep(lines, (index) => !isIn(blocks, index))
    .filter((line) => /^#+ /.test(line))
    .map((line) => line.replace(/^#+ /, "").toLowerCase().trim())
    .map((title) => title.replaceAll(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-"));
}

function linesOf(file: string): string[] {
  return readFileSync(file, "utf8").split("\n");
}

function keep(lines: readonly string[], isKept: (index: number) => boolean): string[] {
  return lines.map((line, index) => (isKept(index) ? line : ""));
}

function isIn(blocks: readonly Block[], index: number): boolean {
  return blocks.some(({ start, end }) => index >= start && index < end);
}

function blocksIn(lines: readonly string[]): Block[] {
  const blocks: Block[] = [];
  let open: { info: string[]; start: number } | undefined;
  for (const [index, line] of lines.entries()) {
    const fence = /^\s*```(.*)$/.exec(line);
    if (fence === null) continue;
    if (open === undefined) {
      open = { info: (fence[1] ?? "").trim().split(/\s+/), start: index + 1 };
    } else {
      blocks.push({ ...open, end: index });
      open = undefined;
    }
  }
  return blocks;
}
