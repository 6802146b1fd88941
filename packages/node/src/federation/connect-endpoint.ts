import { once } from "node:events";
import type { TLSSocket } from "node:tls";
import { type Clock, ProofError, type TrustSource, VerificationError } from "@firsthand/core";
import { EndpointFault } from "../endpoint/endpoint-fault.js";
import type { EndpointAuthentication, HttpsWebProfile } from "./bundle-endpoint-options.js";

/** Opens a connection to the server of a URL, and knows then that it is the right one. */
export type ConnectEndpoint = (url: URL, signal: AbortSignal) => Promise<TLSSocket>;

/**
 * The one way in which a profile authenticates its server; there is no other to fall back to. No
 * session is ever resumed and no connection used again, so that each fetch checks a certificate.
 *
 * What is returned rejects with `EndpointFault` `bundle_endpoint_untrusted`, or with an error of the
 * network.
 *
 * @param ownTrust vouches for a server that belongs to the trust domain whose bundle it serves
 */
export function connectEndpoint(
  profile: EndpointAuthentication,
  ownTrust: TrustSource,
  clock: Clock,
): ConnectEndpoint {
  if (profile.kind === "https_web") return (url, signal) => connectWeb(url, profile, signal);
  const { id: expected, trust = ownTrust } = profile;
  return async function connectSpiffe(url, signal) {
    const { connectTls } = await import("../tls/connect-tls.js");
    try {
      const { socket } = await connectTls({ ...addressOf(url), expected, trust, clock, signal });
      return socket;
    } catch (error) {
      throw error instanceof ProofError ? untrusted(error, codeOf(error)) : error;
    }
  };
}

/** Says that certificates are checked, because the environment is able to say otherwise. */
async function connectWeb(
  url: URL,
  { ca }: HttpsWebProfile,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const [{ isIP }, { connect }] = await Promise.all([import("node:net"), import("node:tls")]);
  const address = addressOf(url);
  const socket = connect({
    ...address,
    ...(isIP(address.host) === 0 && { servername: address.host }),
    ...(ca !== undefined && { ca }),
    ALPNProtocols: ["http/1.1"],
    minVersion: "TLSv1.2",
    rejectUnauthorized: true,
  });
  socket.on("error", () => undefined); // also after it was given up
  try {
    await once(socket, "secureConnect", { signal });
    return socket;
  } catch (error) {
    socket.destroy();
    const { authorizationError: problem } = socket;
    throw problem ? untrusted(error, String(problem)) : error;
  }
}

function untrusted(cause: unknown, problem: string): EndpointFault {
  return new EndpointFault("bundle_endpoint_untrusted", problem, cause);
}

/** The rule that the certificate breaks, where that is known. */
function codeOf({ code, cause }: ProofError): string {
  return cause instanceof VerificationError ? cause.code : code;
}

function addressOf({ hostname, port }: URL): { host: string; port: number } {
  return { host: hostname.replace(/^\[(.*)\]$/, "$1"), port: Number(port || 443) };
}
