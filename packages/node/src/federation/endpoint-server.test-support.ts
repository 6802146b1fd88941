import { generateKeyPairSync, X509Certificate } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { TlsOptions } from "node:tls";

import { type CertificateTemplate, issueCertificate, type TestClock } from "@firsthand/testing";
import { onTestFinished } from "vitest";

export type Answer = (request: IncomingMessage, response: ServerResponse) => unknown;

/** A server on 127.0.0.1 whose answer can be changed, until the test ends. */
export interface EndpointServer {
  readonly port: number;
  /** `https://localhost:…/bundle`. */
  readonly url: string;
  readonly requests: readonly IncomingMessage[];
  answer: Answer;
}

/** Answers with a document. */
export function document(content: string | (() => string)): Answer {
  return (_request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(typeof content === "string" ? content : content());
  };
}

/** Starts a server; without TLS options one that `create` knows how to make. */
export async function serve(
  create: TlsOptions | ((listener: Answer) => Server),
  answer: Answer,
): Promise<EndpointServer> {
  const requests: IncomingMessage[] = [];
  const listener: Answer = (request, response) => {
    requests.push(request);
    return served.answer(request, response);
  };
  const server = typeof create === "function" ? create(listener) : createServer(create, listener);
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  const served: EndpointServer = {
    port,
    url: `https://localhost:${port}/bundle`,
    requests,
    answer,
  };
  return served;
}

/** A web PKI of the test: an authority, and what a server needs that it vouches for. */
interface WebPki {
  readonly ca: string;
  tls(template?: Template): { readonly cert: string; readonly key: string };
}

type Template = Partial<Pick<CertificateTemplate, "names" | "extraExtensions" | "notAfter">>;

/** Its certificates are good by the clock of the machine, which is the one that TLS looks at. */
export function createWebPki(): WebPki {
  const now = Math.floor(Date.now() / 1000);
  const validity = { notBefore: now - 7200, notAfter: now + 3600 };
  const newKey = () => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const authority = issueCertificate(
    {
      ...validity,
      subject: "test web authority",
      names: {},
      basicConstraints: { ca: true },
      keyUsage: ["keyCertSign", "cRLSign"],
    },
    newKey(),
  );
  return {
    ca: new X509Certificate(authority.certificate).toString(),
    tls(template = {}) {
      const key = newKey();
      const { certificate } = issueCertificate(
        {
          ...validity,
          subject: "test web server",
          names: { dnsNames: ["localhost"] },
          basicConstraints: { ca: false },
          keyUsage: ["digitalSignature"],
          extendedKeyUsage: ["1.3.6.1.5.5.7.3.1"],
          ...template,
        },
        key,
        authority,
      );
      return {
        cert: new X509Certificate(certificate).toString(),
        key: key.export({ format: "pem", type: "pkcs8" }).toString(),
      };
    },
  };
}

/** A clock that tells when somebody begins to wait by it. */
interface WatchedClock extends TestClock {
  /** Lets time pass, until somebody waits for the same time again. */
  pass(seconds: number): Promise<void>;
  /** Resolves when somebody begins to wait for so long. */
  waitFor(seconds: number): Promise<void>;
}

export function watchDelays(clock: TestClock): WatchedClock {
  const watchers = new Map<number, (() => void)[]>();
  const waitFor = (seconds: number) =>
    new Promise<void>((resolve) => {
      watchers.set(seconds, [...(watchers.get(seconds) ?? []), resolve]);
    });
  return {
    ...clock,
    delay(milliseconds, signal) {
      const waiting = clock.delay(milliseconds, signal);
      const seconds = milliseconds / 1000;
      for (const resolve of watchers.get(seconds) ?? []) resolve();
      watchers.delete(seconds);
      return waiting;
    },
    waitFor,
    async pass(seconds) {
      const again = waitFor(seconds);
      clock.advance({ seconds });
      await again;
    },
  };
}
