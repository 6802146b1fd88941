import { describe, expect, it } from "vitest";
import { expectOptionError } from "../expect-error.test-support.js";
import { callerOf, webId } from "../scene.test-support.js";
import { allow } from "./allow.js";
import { byRoute } from "./by-route.js";
import type { Policy } from "./policy.js";

const named =
  (rule: string): Policy =>
  () => ({ effect: "allow", rule });

const routes = byRoute({
  "GET /orders": named("list"),
  "GET /orders/*": named("read"),
  "GET /orders/new": named("form"),
  "POST /orders": async () => true,
  "DELETE /orders/*": allow("spiffe://td.example/nobody"),
  "GET /files/**": named("files"),
});
const ask = (method: string, path: string) =>
  routes(callerOf(webId), { method, path, query: undefined, time: 0 });

describe("byRoute", () => {
  it.each([
    ["GET", "/orders", "list"],
    ["GET", "/orders/7", "read"],
    ["GET", "/orders/new", "form"],
    ["GET", "/files/a/b", "files"],
    ["GET", "/files/", "files"],
  ])("asks the policy of %s %s", async (method, path, rule) => {
    expect(await ask(method, path)).toEqual({ effect: "allow", rule });
  });

  it("passes on what the policy answers", async () => {
    expect(await ask("POST", "/orders")).toBe(true);
    expect(await ask("DELETE", "/orders/7")).toBe(false);
  });

  it.each([
    ["PUT", "/orders"],
    ["get", "/orders"],
    ["HEAD", "/orders"],
    ["GET", "/orders/"],
    ["GET", "/Orders"],
    ["GET", "/orders/7/lines"],
    ["GET", "/files"],
    ["GET", "/"],
  ])("refuses %s %s, which no policy covers", async (method, path) => {
    expect(await ask(method, path)).toEqual({ effect: "deny", rule: undefined, dryRun: [] });
  });

  it.each(["/orders/%6eew", "/files/../orders", "/files//a"])(
    "refuses %s, which has more than one reading",
    async (path) => {
      expect(await ask("GET", path)).toMatchObject({ effect: "deny", rule: "(ambiguous path)" });
    },
  );

  it.each([
    "/orders",
    "GET",
    "GET orders",
    "get /orders",
    "GET  /orders",
    "GET /orders x",
    "GET /orders*",
    "GET /**/orders",
    "GET /orders?a",
    "GET /a//b",
    "GET /%61",
  ])("refuses the route %j", async (route) => {
    await expectOptionError(() => byRoute({ [route]: () => true }), `[${JSON.stringify(route)}]`);
  });

  it("refuses a policy that is none", async () => {
    const routes = { "GET /": true as unknown as Policy };
    await expectOptionError(() => byRoute(routes), '["GET /"]');
  });
});
