import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { allow, type Caller, type ProofFormat, VerificationError } from "@firsthand/core";
import { requireCaller } from "@firsthand/core/http";
import { type AnyFetch, createFetch } from "@firsthand/node";
import { createTrustDomain, type TestIdentity, type TestTrustDomain } from "@firsthand/testing";
import { Agent, fetch } from "undici";
import { installHaproxy } from "../haproxy/install-haproxy.js";
import { type Gateways, openGateways, reserveGateways } from "../haproxy/open-gateway.js";
import type { Report } from "../runner/report.js";
import { say } from "../runner/say.js";
import { type Scope, withScope } from "../runner/scope.js";

const orders = "spiffe://shop.example/orders";
const checkout = "spiffe://shop.example/checkout";
const formats: readonly ProofFormat[] = ["http-signature-07", "svid-signature-1"];

/** What a gateway does to a request, and what the service then says. */
const requestChanges: Readonly<Record<string, readonly [rule: string, code: string]>> = {
  method: ["http-request set-method PUT", "signature_invalid"],
  path: ["http-request set-path /refunds", "signature_invalid"],
  query: ["http-request set-query dry=0", "signature_invalid"],
  "query-removed": ["http-request set-uri %[path]", "signature_invalid"],
  "bound-header": ["http-request set-header x-tenant red", "signature_invalid"],
  "bound-header-removed": ["http-request del-header x-tenant", "signature_component_absent"],
  "content-type": ["http-request set-header content-type text/plain", "signature_invalid"],
  authorization: ["http-request set-header authorization Bearer\\ another", "signature_invalid"],
  "request-body": ["filter lua.change-body request", "proof_body_mismatch"],
};

/** What a gateway does to a response, and what the client then says. */
const responseChanges: Readonly<Record<string, readonly [rule: string, code: string]>> = {
  status: ["http-response set-status 200", "signature_invalid"],
  "response-header": ["http-response set-header x-tenant red", "signature_invalid"],
  "response-content-type": [
    "http-response set-header content-type text/plain",
    "signature_invalid",
  ],
  "response-body": ["filter lua.change-body response", "proof_body_mismatch"],
  "response-signature": ["http-response del-header signature-input", "response_unsigned"],
};

/** What a gateway may do: nothing of it is covered. */
const harmless = [
  "http-request set-header x-forwarded-for 192.0.2.1",
  "http-request set-header host orders.svc",
  "http-response set-header via 1.1\\ gateway",
];

/** HAProxy ends TLS between two services, and changes what it can. */
export function checkGateway(report: Report): Promise<void> {
  return withScope(async (scope) => {
    const haproxy = await installHaproxy();
    say(`  ${haproxy.version}`);
    const rules = {
      honest: harmless,
      ...Object.fromEntries(
        Object.entries({ ...requestChanges, ...responseChanges }).map(([name, [rule]]) => [
          name,
          [rule],
        ]),
      ),
    };
    const gateways = await reserveGateways(Object.keys(rules));
    const domain = await createTrustDomain("shop.example");
    const service = await openService(domain, gateways, scope);
    const { chainPem, privateKeyPem } = await domain.issueX509Svid("/gateway", {
      dnsNames: ["localhost"],
    });
    const pem = `${chainPem}\n${privateKeyPem}`;
    await openGateways(gateways, { haproxy, pem, rules, servicePort: service.port }, scope);
    const client = await openClient(domain, gateways, scope);
    for (const format of formats) await checkFormat(report, format, client, service);
  });
}

async function checkFormat(
  report: Report,
  format: ProofFormat,
  call: Client,
  service: Service,
): Promise<void> {
  await report.check(`${format}: a signed request and its signed response pass`, async () => {
    const response = await call("honest", format);
    assert.equal(response.status, 201);
    assert.equal(await response.text(), '{"order":11}');
    assert.equal(service.served.pop(), `${checkout} blue {"amount":1}`);
  });

  for (const [name, [, code]] of Object.entries(requestChanges)) {
    await report.check(`${format}: the service refuses another ${name}`, async () => {
      await assert.rejects(call(name, format), { code: "response_unsigned" });
      assert.equal(service.refused.pop(), code);
      assert.equal(service.served.pop(), undefined, "the handler ran");
    });
  }

  for (const [name, [, code]] of Object.entries(responseChanges)) {
    await report.check(`${format}: the client refuses another ${name}`, async () => {
      await assert.rejects(call(name, format), (error: Error & { readonly code?: string }) => {
        const { cause } = error;
        assert.equal(cause instanceof VerificationError ? cause.code : error.code, code);
        return true;
      });
      service.served.pop();
    });
  }
}

interface Service {
  readonly port: number;
  /** Who was served with which tenant and content. */
  readonly served: string[];
  readonly refused: string[];
}

async function openService(
  domain: TestTrustDomain,
  gateways: Gateways,
  scope: Scope,
): Promise<Service> {
  const identity = await identityOf(domain, orders);
  const served: string[] = [];
  const refused: string[] = [];
  const listener = requireCaller(
    {
      identity,
      origin: [...gateways.values()],
      policy: allow(checkout),
      requiredHeaders: ["x-tenant"],
      signedResponses: { identity, boundHeaders: ["x-tenant"] },
      observer: (decision) => {
        if (decision.decision === "refused") refused.push(decision.error.code);
      },
    },
    async (request: IncomingMessage, response: ServerResponse, caller: Caller) => {
      const tenant = caller.verifiedHeaders?.["x-tenant"];
      served.push(`${caller.id} ${tenant} ${await text(request)}`);
      response.writeHead(201, { "content-type": "application/json", "x-tenant": tenant });
      response.end('{"order":11}');
    },
  );
  const server = createServer(listener).listen(0, "127.0.0.1");
  scope.defer(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, served, refused };
}

/** Calls the service through a gateway. */
type Client = (gateway: string, format: ProofFormat) => Promise<Response>;

async function openClient(
  domain: TestTrustDomain,
  gateways: Gateways,
  scope: Scope,
): Promise<Client> {
  const identity = await identityOf(domain, checkout);
  const ca = new X509Certificate(domain.authorities.x509.root.certificate).toString();
  const dispatcher = new Agent({ connect: { ca } });
  scope.defer(() => dispatcher.destroy());
  const send: AnyFetch = (url, init?: object) => fetch(url, { ...init, dispatcher });
  return (gateway, format) => {
    const origin = gateways.get(gateway) ?? "";
    const peer = {
      id: orders,
      accept: [format],
      boundHeaders: ["x-tenant"],
      signedResponse: "required",
    } as const;
    const proved = createFetch({ identity, peers: { [origin]: peer }, fetch: send });
    return proved(`${origin}/orders?dry=1`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: "Bearer of-the-user",
        "x-tenant": "blue",
      },
      body: '{"amount":1}',
    });
  };
}

function identityOf(domain: TestTrustDomain, id: string): Promise<TestIdentity> {
  return domain.identity(id, { credentials: ["x509-svid", "wit-svid"] });
}
