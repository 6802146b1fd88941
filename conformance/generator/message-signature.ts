import { createHash } from "node:crypto";
import type { FixedKey } from "./fixed-key.js";
import type { Members } from "./token.js";
import type { VectorRequest } from "./vector-file.js";

/** How a signature over a message differs from a good one. */
export interface SignatureChange {
  /** The covered components as they stand in the signature base. */
  readonly components?: (good: readonly string[]) => readonly string[];
  /** Parameters that differ; `undefined` leaves one out. Numbers are Integers, `true` is a flag. */
  readonly parameters?: Members;
  readonly signWith?: Pick<FixedKey, "sign">;
  readonly signature?: (good: Uint8Array) => Uint8Array;
  readonly label?: string;
}

type Header = readonly [name: string, value: string];

/**
 * Signs a request as RFC 9421 §3.1 says, written for these vectors alone: it shares nothing with the
 * code that the vectors are for.
 */
export function signHead(
  request: Pick<VectorRequest, "method" | "target" | "headers">,
  goodComponents: readonly string[],
  goodParameters: Members,
  key: Pick<FixedKey, "sign">,
  change: SignatureChange = {},
): readonly [Header, Header] {
  const components = change.components?.(goodComponents) ?? goodComponents;
  const parameters = Object.entries({ ...goodParameters, ...change.parameters })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `;${name}${parameterValue(value)}`);
  const member = `(${components.join(" ")})${parameters.join("")}`;
  const lines = components.map((component) => `${component}: ${valueIn(request, component)}`);
  const base = [...lines, `"@signature-params": ${member}`].join("\n");
  const good = (change.signWith ?? key).sign(Buffer.from(base), "compact");
  const signature = change.signature?.(good) ?? good;
  const { label = "sig1" } = change;
  return [
    ["Signature-Input", `${label}=${member}`],
    ["Signature", `${label}=:${Buffer.from(signature).toString("base64")}:`],
  ];
}

/** The value of `Content-Digest` for some content. */
export function contentDigest(content: string): string {
  return `sha-256=:${createHash("sha256").update(content).digest("base64")}:`;
}

function parameterValue(value: unknown): string {
  if (value === true) return "";
  return typeof value === "string" ? `="${value}"` : `=${String(value)}`;
}

function valueIn(
  { method, target, headers }: Pick<VectorRequest, "method" | "target" | "headers">,
  component: string,
) {
  const name = component.split('"')[1] ?? "";
  const [path, query] = target.split(/\?(.*)/s);
  const derived: Record<string, string | undefined> = {
    "@method": method,
    "@path": path,
    "@query": `?${query ?? ""}`,
    "@request-target": target,
  };
  const lines = headers.filter(([field]) => field.toLowerCase() === name);
  return derived[name] ?? lines.map(([, value]) => value.trim()).join(", ");
}
