import { parseOrigin } from "@firsthand/core";
import * as z from "zod/mini";

const error = "must be an https: URL without credentials and fragment, or http: on loopback";

/** The URL of a service that decides: nobody in between may answer for it. */
export const endpointOption: z.ZodMiniType<string> = z
  .string({ error })
  .check(z.refine(isEndpoint, { error }));

function isEndpoint(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password, hash, origin } = new URL(text);
  const isSafe = protocol === "https:" || (protocol === "http:" && isLoopback(hostname));
  return isSafe && parseOrigin(origin) !== undefined && `${username}${password}${hash}` === "";
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);
}
