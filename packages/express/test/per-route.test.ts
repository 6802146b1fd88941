import { allow, byRoute, ConfigurationError } from "@firsthand/core";
import { refusalHandler, workloadAuth } from "@firsthand/express";
import { describe, expect, it } from "vitest";
import { authOptions, checkout, portOf, send } from "../../../test/support/shop.js";
import { expressVersions } from "./express-versions.js";

describe.each(expressVersions)("a policy for each route of %s", (_version, express) => {
  it("decides by method and path, and refuses a route that none covers", async () => {
    const policy = byRoute({
      "GET /orders/*": allow(checkout),
      "GET /returns": allow("spiffe://shop.example/returns"),
    });
    const { options, decisions } = authOptions({ policy });
    const ran: string[] = [];
    const app = express();
    app.use(workloadAuth(options));
    app.use((request, response) => {
      ran.push(request.url);
      response.end();
    });
    app.use(refusalHandler);
    const port = await portOf(app.listen(0));
    const targets = [
      "/orders/7?x",
      "/returns",
      "/forgotten",
      "/ORDERS/7",
      "/orders/7/",
      "/orders/%37",
    ];
    const statuses: unknown[] = [];
    for (const target of targets) statuses.push((await send(port, { target })).status);
    expect(statuses).toEqual([200, 403, 403, 403, 403, 403]);
    expect(decisions).toEqual(["accepted", ...Array(5).fill("caller_forbidden")]);
    expect(ran).toEqual(["/orders/7?x"]);
  });

  it("looks at the whole path, a mount included", async () => {
    const { options, decisions } = authOptions({
      policy: byRoute({ "GET /api/orders": allow(checkout) }),
    });
    const app = express();
    app.use("/api", workloadAuth(options), (_request, response) => void response.end());
    const port = await portOf(app.listen(0));
    for (const target of ["/api/orders", "/api/returns"]) await send(port, { target });
    expect(decisions).toEqual(["accepted", "caller_forbidden"]);
  });

  it("is asked for in a table, for Express shows no routes", () => {
    const { options } = authOptions({ policy: "per-route" });
    expect(() => workloadAuth(options)).toThrow(ConfigurationError);
    expect(() => workloadAuth(options)).toThrow(
      "option policy: name a policy for each route with byRoute",
    );
  });
});
