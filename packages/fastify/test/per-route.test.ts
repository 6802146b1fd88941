import { allow, allowTrustDomain, byRoute } from "@firsthand/core";
import { refusalHandler, workloadAuth } from "@firsthand/fastify";
import Fastify, { type FastifyInstance } from "fastify";
import { afterEach, describe, expect, it } from "vitest";
import { authOptions, checkout, portOf, send } from "../../../test/support/shop.js";

const apps: FastifyInstance[] = [];
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

const ran: string[] = [];
const forCheckout = { config: { workloadAuth: { policy: allow(checkout) } } };
const forReturns = { config: { workloadAuth: { policy: allow("spiffe://shop.example/returns") } } };

async function appWith(
  policy: Parameters<typeof authOptions>[0],
  configure: (app: FastifyInstance) => unknown,
) {
  const { options, decisions } = authOptions(policy);
  const app = Fastify();
  apps.push(app);
  app.setErrorHandler(refusalHandler);
  await app.register(workloadAuth, options);
  await configure(app);
  return { app, decisions };
}

async function listen(app: FastifyInstance): Promise<number> {
  await app.listen({ host: "127.0.0.1", port: 0 });
  return portOf(app.server);
}

const handler = async ({ url }: { url: string }) => {
  ran.push(url);
  return "done";
};

function inside(app: FastifyInstance, _options: unknown, done: () => void): void {
  app.get("/report", handler);
  done();
}

describe("a policy for each route of Fastify", () => {
  it("decides for its route", async () => {
    const { app, decisions } = await appWith({ policy: "per-route" }, (created) => {
      created.get("/orders", forCheckout, handler);
      created.get("/returns", forReturns, handler);
    });
    const port = await listen(app);
    ran.length = 0;
    expect(await send(port, { target: "/orders" })).toMatchObject({ status: 200 });
    expect(await send(port, { method: "HEAD", target: "/orders" })).toMatchObject({ status: 200 });
    expect(await send(port, { target: "/returns" })).toMatchObject({ status: 403 });
    expect(decisions).toEqual(["accepted", "accepted", "caller_forbidden"]);
    expect(ran).toEqual(["/orders", "/orders"]);
  });

  it("refuses a path without a route, which has no policy", async () => {
    const { app, decisions } = await appWith({ policy: "per-route" }, (created) =>
      created.get("/orders", forCheckout, handler),
    );
    expect(await send(await listen(app), { target: "/nowhere" })).toMatchObject({ status: 403 });
    expect(decisions).toEqual(["policy_missing"]);
  });

  it("does not start while a route has none, and says which", async () => {
    const { app } = await appWith({ policy: "per-route" }, async (created) => {
      created.get("/orders", forCheckout, handler);
      created.route({ method: ["PUT", "PATCH"], url: "/orders", handler });
      await created.register(inside, { prefix: "/admin" });
    });
    await expect(app.ready()).rejects.toMatchObject({
      code: "option_invalid",
      option: "policy",
      message: expect.stringMatching(/PUT,PATCH \/orders, GET \/admin\/report/),
    });
  });

  it("refuses a route that was there before, and that nobody could see", async () => {
    const { options, decisions } = authOptions({ policy: "per-route" });
    const app = Fastify();
    apps.push(app);
    app.get("/early", handler);
    await app.register(workloadAuth, options);
    ran.length = 0;
    expect(await send(await listen(app), { target: "/early" })).toMatchObject({ status: 403 });
    expect(decisions).toEqual(["policy_missing"]);
    expect(ran).toEqual([]);
  });

  it("can only narrow a policy for all", async () => {
    const { app, decisions } = await appWith({ policy: allow(checkout) }, (created) => {
      created.get("/all", handler);
      created.get("/orders", forCheckout, handler);
      created.get("/returns", forReturns, handler);
    });
    const port = await listen(app);
    for (const target of ["/all", "/orders", "/returns"]) await send(port, { target });
    expect(decisions).toEqual(["accepted", "accepted", "caller_forbidden"]);

    const narrow = await appWith({ policy: () => false }, (created) =>
      created.get("/orders", forCheckout, handler),
    );
    expect(await send(await listen(narrow.app), { target: "/orders" })).toMatchObject({
      status: 403,
    });
  });

  it("may be kept in one table as well", async () => {
    const policy = byRoute({ "GET /orders/*": allowTrustDomain("shop.example") });
    const { app, decisions } = await appWith({ policy }, (created) => {
      created.get("/orders/:id", handler);
      created.get("/forgotten", handler);
    });
    const port = await listen(app);
    for (const target of ["/orders/7", "/forgotten", "/orders/%37"]) await send(port, { target });
    expect(decisions).toEqual(["accepted", "caller_forbidden", "caller_forbidden"]);
  });
});
