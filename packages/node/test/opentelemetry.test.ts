import { channel } from "node:diagnostics_channel";
import { readFileSync } from "node:fs";
import { context, SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { createFetch, diagnosticsObserver, type IdentityMessage } from "../src/index.js";
import { subscribeTelemetry, type TelemetryOptions } from "../src/opentelemetry/index.js";
import { startServer } from "./recording-server.js";
import { checkout, expectCode, knowing, orders, verify } from "./shop.js";

const observer = diagnosticsObserver();

beforeAll(() => context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()));
afterAll(() => context.disable());

/** The SDK, in memory. */
function startSdk() {
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter: metricExporter });
  const meterProvider = new MeterProvider({ readers: [reader] });
  const spanExporter = new InMemorySpanExporter();
  const processor = new SimpleSpanProcessor(spanExporter);
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [processor] });
  const stop = subscribeTelemetry({ meterProvider, tracerProvider });
  onTestFinished(async () => {
    stop();
    await meterProvider.shutdown();
    await tracerProvider.shutdown();
  });
  return {
    stop,
    tracer: tracerProvider.getTracer("test"),
    spans: () => spanExporter.getFinishedSpans(),
    /** Each metric with its data points, as they are exported. */
    async metrics() {
      metricExporter.reset();
      await reader.forceFlush();
      const scopes = metricExporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
      return scopes.flatMap(({ metrics }) => metrics);
    },
  };
}

async function pointsOf({ metrics }: ReturnType<typeof startSdk>, name: string) {
  const metric = (await metrics()).find(({ descriptor }) => descriptor.name === name);
  return (metric?.dataPoints ?? []).map(({ attributes, value }) => ({ attributes, value }));
}

async function proveOnce() {
  const { origin, requests } = await startServer();
  await createFetch(knowing(origin))(`${origin}/orders?secret=1`);
  const [request] = requests;
  if (request === undefined) throw new Error("no request arrived");
  return { origin, request };
}

/** One of everything that is measured. */
async function everything() {
  const { origin, request } = await proveOnce();
  await verify(request, origin, { observer });
  await expectCode(verify({ ...request, headers: [] }, origin, { observer }), "proof_missing");
  const identity: IdentityMessage = {
    status: "stale",
    code: "endpoint_unreachable",
    message: "nothing answers",
    ids: [orders],
    since: 0,
    updatedAt: 0,
    expiresAt: Date.now() + 3_600_000,
  };
  channel("firsthand:identity").publish(identity);
  const refusal = { code: "caller_forbidden", peer: checkout, error: new Error("x"), time: 0 };
  channel("firsthand:tls").publish(refusal);
}

describe("subscribeTelemetry", () => {
  it.each([{ meterProvider: {} }, { tracerProvider: "global" }, { meter: undefined }])(
    "names the option that is wrong: %o",
    (options) => {
      const [option] = Object.keys(options);
      expect(() => subscribeTelemetry(options as TelemetryOptions)).toThrow(
        expect.objectContaining({ code: "option_invalid", option }),
      );
    },
  );

  it("needs no SDK", async () => {
    onTestFinished(subscribeTelemetry());
    await everything();
  });

  it("counts decisions by outcome, code, kind and trust domain", async () => {
    const sdk = startSdk();
    const { origin, request } = await proveOnce();
    await verify(request, origin, { observer });
    await verify({ ...request, headers: [] }, origin, { observer }).catch(() => undefined);
    await verify({ ...request, headers: [] }, origin, { observer }).catch(() => undefined);
    expect(await pointsOf(sdk, "firsthand.verifications")).toEqual([
      {
        attributes: {
          "firsthand.decision": "accepted",
          "firsthand.proof.format": "svid-proof-1",
          "firsthand.proof.binding": "full",
          "firsthand.trust_domain": "shop.example",
        },
        value: 1,
      },
      { attributes: { "firsthand.decision": "refused", "error.type": "proof_missing" }, value: 2 },
    ]);
    const [accepted] = await pointsOf(sdk, "firsthand.verification.duration");
    expect(accepted).toMatchObject({
      attributes: { "firsthand.decision": "accepted" },
      value: { count: 1 },
    });
  });

  it("counts proofs, changes of the identity and refused connections", async () => {
    const sdk = startSdk();
    await everything();
    expect(await pointsOf(sdk, "firsthand.proofs")).toEqual([
      { attributes: { "firsthand.proof.format": "svid-proof-1" }, value: 1 },
    ]);
    expect(await pointsOf(sdk, "firsthand.identity.changes")).toEqual([
      {
        attributes: { "firsthand.identity.status": "stale", "error.type": "endpoint_unreachable" },
        value: 1,
      },
    ]);
    expect(await pointsOf(sdk, "firsthand.tls.refusals")).toEqual([
      { attributes: { "error.type": "caller_forbidden" }, value: 1 },
    ]);
    const [remaining] = await pointsOf(sdk, "firsthand.identity.remaining");
    expect(remaining?.value).toBeGreaterThan(3500);
    expect(remaining?.value).toBeLessThanOrEqual(3600);
  });

  it("has no SPIFFE ID, path, query or method on any metric", async () => {
    const sdk = startSdk();
    await everything();
    const text = JSON.stringify(await sdk.metrics());
    for (const forbidden of ["spiffe://", "/orders", "secret", "GET", "127.0.0.1"])
      expect(text).not.toContain(forbidden);
  });

  it("makes a span of each verification, below the one that is active", async () => {
    const sdk = startSdk();
    const { origin, request } = await proveOnce();
    await sdk.tracer.startActiveSpan("GET /orders", async (parent) => {
      await verify(request, origin, { observer });
      parent.end();
    });
    const [span, parent] = sdk.spans();
    expect(span).toMatchObject({
      name: "firsthand.verify",
      kind: SpanKind.INTERNAL,
      status: { code: SpanStatusCode.UNSET },
      attributes: {
        "firsthand.decision": "accepted",
        "spiffe.id": checkout,
        "firsthand.credential.kind": "x509-svid",
        "firsthand.proof.format": "svid-proof-1",
        "firsthand.proof.binding": "full",
        "security_rule.name": checkout,
      },
    });
    expect(span?.parentSpanContext?.spanId).toBe(parent?.spanContext().spanId);
    expect(span?.attributes).not.toHaveProperty("error.type");
  });

  it("calls an outage an error, and a refusal not", async () => {
    const sdk = startSdk();
    const { origin, request } = await proveOnce();
    const replay = { claim: () => "full" as const };
    await expectCode(verify(request, origin, { observer, replay }), "replay_guard_full");
    await expectCode(verify({ ...request, headers: [] }, origin, { observer }), "proof_missing");
    const [outage, refusal] = sdk.spans();
    expect(outage?.status).toMatchObject({ code: SpanStatusCode.ERROR });
    expect(outage?.attributes["error.type"]).toBe("replay_guard_full");
    expect(refusal?.status).toEqual({ code: SpanStatusCode.UNSET });
    expect(refusal?.attributes["error.type"]).toBe("proof_missing");
  });

  it("marks the span of an outbound request", async () => {
    const sdk = startSdk();
    await sdk.tracer.startActiveSpan("call", async (span) => {
      await proveOnce();
      span.end();
    });
    expect(sdk.spans()[0]?.attributes).toEqual({
      "spiffe.id": checkout,
      "firsthand.proof.format": "svid-proof-1",
      "firsthand.peer.id": orders,
    });
  });

  it("hears nothing more when it was ended", async () => {
    const sdk = startSdk();
    await everything();
    const before = sdk.spans().length;
    sdk.stop();
    await everything();
    expect(sdk.spans()).toHaveLength(before);
    expect(await pointsOf(sdk, "firsthand.proofs")).toMatchObject([{ value: 1 }]);
    expect(await pointsOf(sdk, "firsthand.identity.remaining")).toEqual([]);
  });
});

describe("the Grafana dashboard", () => {
  const file = new URL("../../../examples/observability/grafana-dashboard.json", import.meta.url);
  const dashboard = readFileSync(file, "utf8");

  it("asks for metrics and attributes that exist, and for every metric", async () => {
    const sdk = startSdk();
    await everything();
    const metrics = await sdk.metrics();
    const names = metrics.flatMap(({ descriptor, dataPoints }) => {
      const base = prometheusName(descriptor.name, descriptor.unit);
      const isHistogram = dataPoints.some(({ value }) => typeof value === "object");
      return isHistogram ? [`${base}_bucket`] : [base];
    });
    const asked = new Set(dashboard.match(/firsthand_[a-z_]+(?=[{,])/g));
    expect([...asked].sort()).toEqual([...new Set(names)].sort());

    const labels = metrics.flatMap(({ dataPoints }) =>
      dataPoints.flatMap(({ attributes }) => Object.keys(attributes)),
    );
    const known = new Set([...labels.map(snake), "job", "instance", "le"]);
    const used = [...dashboard.matchAll(/(?:by \(([a-z_]+)\)|([a-z_]+)(?:=~|!=|=)\\")/g)];
    expect(used.length).toBeGreaterThan(10);
    for (const [, grouped, matched] of used) expect(known).toContain(grouped ?? matched);
  });
});

/** As the Prometheus exporter of OpenTelemetry names a metric. */
function prometheusName(name: string, unit: string): string {
  const base = snake(name);
  return unit === "s" ? `${base}_seconds` : `${base}_total`;
}

function snake(name: string): string {
  return name.replaceAll(".", "_");
}
