import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { CredentialError } from "@firsthand/core";
import { createTestClock, createTrustDomain } from "@firsthand/testing";
import express from "express";
import { describe, expect, it, onTestFinished } from "vitest";
import { healthHandler } from "./health-handler.js";
import { IdentityHolder } from "./identity-holder.js";

const clock = createTestClock();
const domain = await createTrustDomain("td.example", { clock });
const { credential } = await domain.issueX509Svid("/a", { ttlSeconds: 60 });

function hold(): IdentityHolder {
  const holder = new IdentityHolder({ credentials: [credential], bundles: new Map() }, clock);
  onTestFinished(() => holder.close());
  return holder;
}

async function get(listener: Parameters<typeof createServer>[1]): Promise<Response> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return fetch(`http://127.0.0.1:${port}/ready`, { headers: { connection: "close" } });
}

const time = "2027-01-15T08:00:00.000Z";

describe("healthHandler", () => {
  it("answers 200 while the identity is ready, with times and IDs", async () => {
    const response = await get(healthHandler(hold()));
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.json()).toEqual({
      status: "ready",
      ids: ["spiffe://td.example/a"],
      since: time,
      updatedAt: time,
      expiresAt: "2027-01-15T08:01:00.000Z",
    });
  });

  it("answers 200 with the reason while it is stale", async () => {
    const holder = hold();
    const reason = new CredentialError("endpoint_unavailable", { detail: "UNAVAILABLE" });
    holder.degrade(reason);
    const response = await get(healthHandler(holder));
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      status: "stale",
      code: "endpoint_unavailable",
      message: reason.message,
    });
  });

  it("answers 503 when nothing is left", async () => {
    const holder = hold();
    holder.withdraw(new CredentialError("workload_unregistered"));
    const response = await get(healthHandler(holder));
    expect(response.status).toBe(503);
    const body = await response.json();
    expect(body).toMatchObject({ status: "expired", code: "workload_unregistered", ids: [] });
    expect(body).not.toHaveProperty("expiresAt");
  });

  it("serves as a handler of Express", async () => {
    const app = express();
    app.get("/ready", healthHandler(hold()));
    const response = await get(app);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ status: "ready" });
  });
});
