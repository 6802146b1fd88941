import { parseWorkloadId } from "@firsthand/core";
import type { Carried, Convert } from "./carry.js";

const ownTrustDomain = "cluster.local"; // in a policy: the trust domain of the mesh, and its aliases

/** Reads the names of callers, in a mesh with these trust domains. */
export interface CallerConverters {
  readonly principal: Convert;
  readonly namespace: Convert;
  /** With its namespace, or in that of the policy. */
  readonly serviceAccount: (policyNamespace: string) => Convert;
}

export function callerConverters(trustDomains: readonly string[]): CallerConverters {
  const inMesh = (path: string, isExact: boolean): Carried | undefined => {
    const patterns = trustDomains.map((trustDomain) => `spiffe://${trustDomain}/${path}`);
    return patterns.every(isCallerPattern) ? { patterns, isExact } : undefined;
  };

  function exactPrincipal(value: string): Carried | undefined {
    const slash = value.indexOf("/");
    if (slash < 1) return undefined;
    const [trustDomain, path] = [value.slice(0, slash), value.slice(slash + 1)];
    if (trustDomain === ownTrustDomain) return inMesh(path, true);
    const pattern = `spiffe://${value}`;
    return isCallerPattern(pattern) ? { patterns: [pattern], isExact: true } : undefined;
  }

  const principal: Convert = (value, direction) => {
    if (!value.slice(0, -1).includes("*") && /([^*]|\/\*)$/.test(value)) {
      return exactPrincipal(value.replace(/\*$/, "**"));
    }
    const suffix = /^\*\/(ns\/[^/*]+\/)?(sa\/[^/*]+)$/.exec(value);
    if (direction === "wider" || suffix === null) return undefined;
    return inMesh(`${suffix[1] ?? "ns/*/"}${suffix[2]}`, false);
  };

  const namespace: Convert = (value, direction) => {
    if (!isSegment(value)) return undefined;
    return inMesh(`ns/${value}/${direction === "narrower" ? "sa/*" : "**"}`, false);
  };

  const serviceAccount =
    (policyNamespace: string): Convert =>
    (value, direction) => {
      const [name, ns = policyNamespace] = value.split("/").reverse();
      if (direction === "wider" || name === undefined || value.split("/").length > 2)
        return undefined;
      return isSegment(name) && isSegment(ns) ? inMesh(`ns/${ns}/sa/${name}`, false) : undefined;
    };

  return { principal, namespace, serviceAccount };
}

/** Whether a text is one segment, without a wildcard. */
export function isSegment(text: string): boolean {
  return /^[A-Za-z0-9._-]+$/.test(text) && text !== "." && text !== "..";
}

function isCallerPattern(pattern: string): boolean {
  try {
    parseWorkloadId(pattern.replace(/\*\*?(?=\/|$)/g, "-"));
    return true;
  } catch {
    return false;
  }
}

/** What both match, of callers that are given as patterns. */
export function intersectCallers(
  some: readonly string[],
  others: readonly string[],
): readonly string[] {
  return some.flatMap((one) =>
    others.flatMap((other) => intersection(one.split("/"), other.split("/"))),
  );
}

function intersection(one: readonly string[], other: readonly string[]): readonly string[] {
  const common: string[] = [];
  for (let index = 0; index < Math.max(one.length, other.length); index++) {
    const [a, b] = [one[index], other[index]];
    if (a === undefined || b === undefined) return [];
    if (a === "**") return [[...common, ...other.slice(index)].join("/")];
    if (b === "**") return [[...common, ...one.slice(index)].join("/")];
    if (a !== b && a !== "*" && b !== "*") return [];
    common.push(a === "*" ? b : a);
  }
  return [common.join("/")];
}
