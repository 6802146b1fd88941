import { text } from "node:stream/consumers";
import { ConfigurationError, CredentialError, memoryReplayGuard, Refusal } from "@firsthand/core";
import { refusalHandler, type WorkloadAuthOptions, workloadAuth } from "@firsthand/express";
import type { ErrorRequestHandler, RequestHandler } from "express";
import { describe, expect, it } from "vitest";
import {
  authOptions,
  clock,
  origin,
  portOf,
  prove,
  type Sent,
  send,
  until,
} from "../../../test/support/shop.js";
import { expressVersions } from "./express-versions.js";

interface Case {
  readonly name: string;
  readonly code: string;
  readonly status: number;
  readonly sent: Sent;
  readonly options?: Partial<WorkloadAuthOptions>;
  readonly before?: RequestHandler;
}

const forgedCaller: RequestHandler = (request, _response, next) => {
  Object.assign(request, { caller: { id: "spiffe://shop.example/admin" } });
  next();
};

/** What a careless middleware may do to the header that the proof is in. */
function withProofHeader(change: (value: string) => unknown): RequestHandler {
  return (request, _response, next) => {
    const at = request.rawHeaders.findIndex((name) => name.toLowerCase() === "svid-proof") + 1;
    Object.assign(request.rawHeaders, { [at]: change(request.rawHeaders[at] ?? "") });
    next();
  };
}

const asserted = (await prove({})).map(([, value]) => value).join();

const cases: readonly Case[] = [
  { name: "a request without proof", code: "proof_missing", status: 401, sent: { proof: false } },
  {
    name: "MW-012 a security header that an earlier middleware made an array",
    ...{ code: "header_invalid", status: 401, sent: {} },
    before: withProofHeader((value) => [value]),
  },
  {
    name: "MW-012 a security header that an earlier middleware made a number",
    ...{ code: "header_invalid", status: 401, sent: {} },
    before: withProofHeader(() => 42),
  },
  {
    name: "MW-012 a security header that only an earlier middleware has put there",
    ...{ code: "proof_missing", status: 401, sent: { proof: false } },
    before: (request, _response, next) => {
      Object.assign(request.headers, { "svid-proof": [asserted] });
      next();
    },
  },
  {
    name: "MW-013 header names with underscores",
    ...{ code: "proof_missing", status: 401 },
    sent: {
      headers: [
        ["SVID_Proof", asserted],
        ["Workload_Proof_Token", asserted],
      ],
      proof: false,
    },
  },
  {
    name: "MW-016 an identity that a proxy asserts",
    ...{ code: "proof_missing", status: 401 },
    sent: {
      headers: [
        ["Client-Cert", ":MIIB:"],
        ["X-SSL-Client-Cert", "MIIB"],
        ["Ssl-Client-Subject-Dn", "CN=checkout"],
        ["X-Forwarded-Client-Cert", "URI=spiffe://shop.example/checkout"],
      ],
      proof: false,
    },
  },
  {
    name: "MW-018 a proof for the host that X-Forwarded-Host names",
    ...{ code: "proof_audience_mismatch", status: 401 },
    sent: {
      headers: [
        ["X-Forwarded-Host", "evil.example"],
        ["X-Forwarded-Proto", "https"],
      ],
      proof: { url: "https://evil.example/" },
    },
  },
  {
    name: "MW-023 a request target that looks like an origin, with a proof for its path",
    ...{ code: "proof_target_mismatch", status: 401 },
    sent: { target: "//evil.example/api", proof: { url: `${origin}/api` } },
  },
  {
    name: "MW-026 a path that was rewritten to the proved one",
    ...{ code: "proof_target_mismatch", status: 401 },
    sent: { target: "/old", proof: { url: `${origin}/new` } },
    before: (request, _response, next) => {
      request.url = "/new";
      next();
    },
  },
  {
    name: "MW-027 a method that was overridden after it was proved",
    ...{ code: "proof_method_mismatch", status: 401, sent: { method: "POST" } },
    before: (request, _response, next) => {
      request.method = "DELETE";
      next();
    },
  },
  {
    name: "MW-035 a GET request with content that the proof does not bind",
    ...{ code: "proof_body_unbound", status: 401 },
    sent: { content: "smuggled", proof: { content: undefined } },
  },
  {
    name: "content other than the proved one",
    ...{ code: "proof_body_mismatch", status: 401 },
    sent: { method: "POST", content: "ten teas", proof: { content: "two teas" } },
  },
  {
    name: "content above the limit",
    ...{ code: "body_too_large", status: 413, options: { contentLimitBytes: 7 } },
    sent: { method: "POST", content: "two teas" },
  },
  {
    name: "a caller that the policy does not allow",
    ...{ code: "caller_forbidden", status: 403, options: { policy: () => false }, sent: {} },
  },
  {
    name: "MW-040 everybody while the source of trust is not ready",
    ...{ code: "trust_unavailable", status: 503, sent: {} },
    options: {
      identity: {
        trustBundle() {
          throw new CredentialError("source_not_ready");
        },
      },
    },
  },
  {
    name: "MW-043 a request on which other code has put a caller",
    ...{ code: "proof_missing", status: 401, sent: { proof: false }, before: forgedCaller },
  },
];

describe.each(expressVersions)("%s refuses", (_version, express) => {
  /** An application that remembers what got past the middleware and what reached its error handler. */
  function application(options: Partial<WorkloadAuthOptions> = {}, before?: RequestHandler) {
    const auth = authOptions(options);
    const ran: string[] = [];
    const errors: unknown[] = [];
    const app = express();
    app.set("trust proxy", true);
    if (before) app.use(before);
    app.use(workloadAuth(auth.options));
    app.use((request, response) => {
      ran.push(request.url);
      response.end();
    });
    const remember: ErrorRequestHandler = (error, request, _response, next) => {
      errors.push(error);
      expect(() => request.caller).toThrow(
        expect.objectContaining({ name: "ConfigurationError", code: "caller_unverified" }),
      );
      next(error);
    };
    app.use(remember);
    return { app, ran, errors, ...auth };
  }

  it.each(cases)("$name", async ({ code, status, sent, options, before }) => {
    const { app, ran, errors, decisions } = application(options, before);
    app.use(refusalHandler);
    const answer = await send(await portOf(app.listen(0)), sent);
    expect(decisions).toEqual([code]);
    expect(errors).toEqual([expect.any(Refusal)]);
    expect(ran).toEqual([]);
    expect(answer.status).toBe(status);
    expect(answer.headers["content-type"]).toBe("application/problem+json");
    expect(answer.headers["www-authenticate"]).toBe(status === 401 ? "SVID-Proof, WPT" : undefined);
    expect(answer.headers["retry-after"]).toBe(status === 503 ? "1" : undefined);
    expect(JSON.parse(answer.body)).toEqual((errors[0] as Refusal).problem);
  });

  it("the same, when the application has no error handler: Express sends status and headers", async () => {
    const { app, ran } = application();
    const port = await portOf(app.listen(0));
    const missing = await send(port, { proof: false, method: "POST", content: "two teas" });
    expect(missing.status).toBe(401);
    expect(missing.headers["www-authenticate"]).toBe("SVID-Proof, WPT");
    expect(ran).toEqual([]);
  });

  it.each([
    ["with refusalHandler", true],
    ["with the error handler of Express", false],
  ])(
    "MW-050 MW-051 telling neither token nor stack nor text of the peer, %s",
    async (_, handled) => {
      const { app, errors, decisions } = application();
      if (handled) app.use(refusalHandler);
      const port = await portOf(app.listen(0));
      const [[, proof]] = (await prove({})) as [[string, string]];
      const hostile = `${proof.slice(0, -9)}\u009b31m\u0085INFO admin ok`;
      const target = "/orders/%0d%0aINFO%20admin%20ok/\u00a0?secret=1";
      for (const value of [hostile, proof.replace(/.{8}$/, "AAAAAAAA")]) {
        const headers = [["SVID-Proof", value]] as const;
        const { body } = await send(port, { target: encodeURI(target), headers, proof: false });
        expect(body).not.toMatch(/INFO|secret|node_modules|packages|\.[jt]s|at /);
        expect(body).not.toContain(proof.slice(0, 40));
      }
      expect(decisions).toEqual(["header_invalid", "token_signature_invalid"]);
      for (const error of errors) {
        const told = `${(error as Refusal).stack}${(error as Refusal).cause}`;
        expect(told).not.toMatch(/INFO|secret|[^\x20-\x7e\n]/);
      }
    },
  );

  it("MW-039 a request whose decision cannot be recorded in time", async () => {
    const { app, ran } = application({ observer: () => new Promise(() => undefined) });
    app.use(refusalHandler);
    const answer = send(await portOf(app.listen(0)), {});
    for (const _ of ["acceptance", "refusal"]) {
      await until(() => clock.pendingDelays().length > 0);
      clock.advance({ seconds: 2 });
    }
    expect(await answer).toMatchObject({ status: 503 });
    expect(ran).toEqual([]);
  });

  it("MW-041 to go on when something has answered before", async () => {
    const { app, ran, errors } = application({}, (_request, response, next) => {
      response.end("too early");
      next();
    });
    expect((await send(await portOf(app.listen(0)), {})).body).toBe("too early");
    await until(() => errors.length > 0);
    expect(errors).toEqual([expect.any(ConfigurationError)]);
    expect(errors[0]).toMatchObject({ code: "response_started" });
    expect(ran).toEqual([]);
  });

  it("MW-042 a request object that was verified before, and forgets its caller", async () => {
    const auth = authOptions({ replay: memoryReplayGuard({ clock }) });
    const app = express();
    const seen: unknown[] = [];
    app.use(workloadAuth(auth.options));
    app.use((request, _response, next) => {
      seen.push(request.caller.id.toString());
      next();
    });
    app.use(workloadAuth(auth.options));
    const recover: ErrorRequestHandler = (_error, _request, _response, next) => next();
    app.use(recover);
    app.use((request, response) => {
      try {
        seen.push(request.caller);
      } catch (error) {
        seen.push((error as ConfigurationError).code);
      }
      response.end();
    });
    await send(await portOf(app.listen(0)), {});
    expect(seen).toEqual(["spiffe://shop.example/checkout", "caller_unverified"]);
    expect(auth.decisions).toEqual(["accepted", "proof_replayed"]);
  });

  it("content that a parser has read before, as a mistake in the program", async () => {
    const { app, ran, errors } = application({}, express.text());
    app.use(refusalHandler);
    const headers = [["Content-Type", "text/plain"]] as const;
    const sent = { method: "POST", headers, content: "two teas" };
    expect(await send(await portOf(app.listen(0)), sent)).toMatchObject({ status: 500 });
    expect(errors).toEqual([expect.any(ConfigurationError)]);
    expect(errors[0]).toMatchObject({ code: "body_consumed" });
    expect(ran).toEqual([]);
  });

  it("a request on which `caller` cannot be set", async () => {
    const { app, ran } = application({}, (request, _response, next) => {
      Object.defineProperty(request, "caller", { value: { id: "forged" } });
      next();
    });
    const answer = await send(await portOf(app.listen(0)), {});
    expect(answer.status).toBe(500);
    expect(ran).toEqual([]);
  });

  it("streamed content by cutting it off before its end", async () => {
    const auth = authOptions({ content: "streaming" });
    const app = express();
    app.use(workloadAuth(auth.options));
    const seen: string[] = [];
    app.use(async (request, response) => {
      seen.push(request.caller.id.toString());
      seen.push(await text(request).catch((error) => error.code));
      response.end();
    });
    const port = await portOf(app.listen(0));
    const good = await send(port, { method: "PUT", content: "two teas" });
    expect(good.status).toBe(200);
    const content = "0123456789".repeat(30_000);
    const sent = send(port, { method: "PUT", content: `${content}1`, proof: { content } });
    await expect(sent).rejects.toThrow();
    await until(() => seen.length === 4);
    expect(seen).toEqual([
      ...["spiffe://shop.example/checkout", "two teas"],
      ...["spiffe://shop.example/checkout", "proof_body_mismatch"],
    ]);
  });

  it("options that it does not know, when the application starts", () => {
    const misspelt = { ...authOptions().options, polcy: () => true };
    expect(() => workloadAuth(misspelt)).toThrow(/polcy/);
    const { origin: _, ...incomplete } = authOptions().options;
    expect(() => workloadAuth(incomplete as WorkloadAuthOptions)).toThrow(/origin/);
  });

  it("nothing of what is not a refusal: refusalHandler passes other errors on", async () => {
    const passed: unknown[] = [];
    const app = express();
    app.use(() => {
      throw new Error("of the application");
    });
    const last: ErrorRequestHandler = (error, _request, response, _next) => {
      passed.push(error.message);
      response.status(500).end();
    };
    app.use(refusalHandler, last);
    expect(await send(await portOf(app.listen(0)), {})).toMatchObject({ status: 500 });
    expect(passed).toEqual(["of the application"]);
  });

  it("without a second answer, when refusalHandler comes after one was begun", async () => {
    const app = express();
    app.use((_request, response, next) => {
      response.write("begun");
      next();
    });
    app.use(workloadAuth(authOptions().options), refusalHandler);
    const sent = send(await portOf(app.listen(0)), { proof: false });
    await expect(sent).rejects.toThrow();
  });
});
