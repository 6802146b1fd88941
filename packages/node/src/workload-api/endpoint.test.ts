import { ConfigurationError } from "@firsthand/core";
import { describe, expect, it } from "vitest";
import { describeWithVectors } from "../../../core/src/shared-vectors.test-support.js";
import { type Endpoint, endpointFrom, endpointText, parseEndpoint } from "./endpoint.js";

/** The error of a wrong address, which is always the same class and code. */
function problemOf(act: () => unknown): ConfigurationError {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({ code: "option_invalid" });
    return error as ConfigurationError;
  }
  return expect.fail("the address was accepted");
}

const unix = (path: string): Endpoint => ({ kind: "unix", path });
const tcp = (host: string, port: number): Endpoint => ({ kind: "tcp", host, port });

describe("parseEndpoint", () => {
  it.each<[address: string, endpoint: Endpoint]>([
    ["unix:///run/spire/agent.sock", unix("/run/spire/agent.sock")],
    ["unix:/run/spire/agent.sock", unix("/run/spire/agent.sock")],
    ["UNIX:///a", unix("/a")],
    ["unix:///a%20b/%C3%A9.sock", unix("/a b/é.sock")],
    ["unix:///run//x.sock", unix("/run//x.sock")],
    ["tcp://127.0.0.1:8000", tcp("127.0.0.1", 8000)],
    ["tcp://127.255.0.9:1", tcp("127.255.0.9", 1)],
    ["TCP://127.0.0.1:65535", tcp("127.0.0.1", 65_535)],
    ["tcp://[::1]:8000", tcp("::1", 8000)],
    ["tcp://[0:0:0:0:0:0:0:1]:8000", tcp("0:0:0:0:0:0:0:1", 8000)],
  ])("accepts %s", (address, endpoint) => {
    expect(parseEndpoint(address)).toEqual(endpoint);
  });

  it.each<[title: string, address: string, problem: string]>([
    ["nothing", "", "is not a URI"],
    ["a path alone", "/run/spire/agent.sock", "is not a URI"],
    ["white space before it", " unix:///run/a.sock", "is not a URI"],
    ["another scheme", "http://127.0.0.1:80", "has another scheme"],
    ["the named pipe of Windows", "npipe:spire-agent\\public\\api", "has another scheme"],
    ["WA-041 an opaque unix address", "unix:opaque", "not absolute"],
    ["a relative path", "unix:path/to.sock", "not absolute"],
    ["WA-042 a unix address without a path", "unix://", "has no path"],
    ["a unix address of nothing", "unix:", "has no path"],
    ["the root directory", "unix:///", "has no path"],
    ["WA-045 a unix address with a host", "unix://host/abs/path", "has a host"],
    ["a unix address with two slashes", "unix://path/to.sock", "has a host"],
    ["an empty port as host", "unix://:/x", "has a host"],
    ["WA-043 a unix address with a query", "unix:///foo?x", "has a query or a fragment"],
    ["an empty query", "unix:///foo?", "has a query or a fragment"],
    ["a fragment", "unix:///foo#f", "has a query or a fragment"],
    ["a space", "unix:///a b", "percent-encode it"],
    ["a line feed at the end", "unix:///a\n", "percent-encode it"],
    ["a letter beyond ASCII", "unix:///é", "percent-encode it"],
    ["NUL, encoded", "unix:///a%00b", "percent-encode it"],
    ["half an escape", "unix:///a%2", "percent-encode it"],
    ["an escape that is not UTF-8", "unix:///a%ff", "percent-encode it"],
    ["WA-035 an opaque tcp address", "tcp:opaque", "has no host"],
    ["WA-036 a tcp address of nothing", "tcp://", "has no host"],
    ["a tcp address with only a path", "tcp:///foo", "has no host"],
    ["WA-037 a tcp address without a port", "tcp://1.2.3.4", "has no port"],
    ["a loopback address without a port", "tcp://127.0.0.1", "has no port"],
    ["an empty port", "tcp://127.0.0.1:", "has no port"],
    ["port 0", "tcp://127.0.0.1:0", "has no port"],
    ["port 65536", "tcp://127.0.0.1:65536", "has no port"],
    ["a port that is a name", "tcp://127.0.0.1:http", "not an IP address"],
    ["WA-039 a tcp address with a path", "tcp://1.2.3.4:5/path", "has more than"],
    ["a path of one slash", "tcp://127.0.0.1:8000/", "has more than"],
    ["a query", "tcp://127.0.0.1:8000?x", "has more than"],
    ["a fragment after the port", "tcp://127.0.0.1:8000#f", "has more than"],
    ["a line feed after the port", "tcp://127.0.0.1:8000\n", "not an IP address"],
    ["a user name", "tcp://user@127.0.0.1:1", "has a user name"],
    ["a host name", "tcp://localhost:8000", "not an IP address"],
    ["only a port", "tcp://:8000", "not an IP address"],
    ["a host name in brackets", "tcp://[localhost]:8000", "not an IP address"],
    ["IPv6 without brackets", "tcp://::1:8000", "not an IP address"],
    ["IPv4 in brackets", "tcp://[127.0.0.1]:8000", "not an IP address"],
    ["an IPv6 zone", "tcp://[::1%lo]:8000", "not an IP address"],
    ["something between bracket and port", "tcp://[::1]x:8000", "not an IP address"],
    ["IPv4 of three numbers", "tcp://127.0.1:8000", "not an IP address"],
    ["IPv4 as one number", "tcp://2130706433:8000", "not an IP address"],
    ["IPv4 with an octal number", "tcp://127.0.0.01:8000", "not an IP address"],
    ["IPv4 with a number over 255", "tcp://127.0.0.256:8000", "not an IP address"],
    ["IPv4 with an empty number", "tcp://127.0..1:8000", "not an IP address"],
    ["WA-033 an address of another machine", "tcp://10.0.0.5:8000", "is not of this machine"],
    ["an IPv6 address of another machine", "tcp://[2001:db8::1]:80", "is not of this machine"],
    ["every address", "tcp://0.0.0.0:8000", "is not of this machine"],
    ["IPv4 inside of IPv6", "tcp://[::ffff:127.0.0.1]:8000", "is not of this machine"],
    ["WA-034 anything else", "blah", "is not a URI"],
  ])("refuses %s", (_, address, problem) => {
    const { message, option } = problemOf(() => parseEndpoint(address));
    expect(message).toMatch(/^the address of the Workload API: /);
    expect(message).toContain(problem);
    expect(option).toBeUndefined();
  });

  it.each(["blah", "http://a", "unix:", "unix:///a b", "unix:a", "unix:///a?", "unix://a/b"])(
    "says for %s what a good unix address looks like",
    (address) => {
      expect(problemOf(() => parseEndpoint(address)).message).toMatch(/unix:\/\/\/run\/spire/);
    },
  );

  it.each(["tcp:", "tcp://a:1", "tcp://127.0.0.1", "tcp://10.0.0.1:1", "tcp://127.0.0.1:1/"])(
    "says for %s what a good tcp address looks like",
    (address) => {
      expect(problemOf(() => parseEndpoint(address)).message).toMatch(/tcp:\/\/127\.0\.0\.1:8000/);
    },
  );

  it("repeats nothing of the address, which may hold a secret", () => {
    const { message } = problemOf(() => parseEndpoint("tcp://me:secret@127.0.0.1:1"));
    expect(message).not.toContain("secret");
  });
});

describe("endpointFrom", () => {
  it("WA-006 takes both kinds of address from the environment", () => {
    const of = (address: string) => endpointFrom(undefined, { SPIFFE_ENDPOINT_SOCKET: address });
    expect(of("unix:///run/x.sock")).toEqual(unix("/run/x.sock"));
    expect(of("tcp://127.0.0.1:8000")).toEqual(tcp("127.0.0.1", 8000));
  });

  it("prefers the option", () => {
    const environment = { SPIFFE_ENDPOINT_SOCKET: "blah" };
    expect(endpointFrom("unix:///run/x.sock", environment)).toEqual(unix("/run/x.sock"));
  });

  it("says that the option is wrong, also when the environment is right", () => {
    const environment = { SPIFFE_ENDPOINT_SOCKET: "unix:///run/x.sock" };
    const { message, option } = problemOf(() => endpointFrom("", environment));
    expect(message).toMatch(/^option address: is not a URI/);
    expect(option).toBe("address");
  });

  it("says that the environment is wrong", () => {
    const environment = { SPIFFE_ENDPOINT_SOCKET: "" };
    const { message, option } = problemOf(() => endpointFrom(undefined, environment));
    expect(message).toMatch(/^the environment variable SPIFFE_ENDPOINT_SOCKET: is not a URI/);
    expect(option).toBeUndefined();
  });

  it("says that neither is set", () => {
    const { message, option } = problemOf(() => endpointFrom(undefined, {}));
    expect(message).toMatch(
      /set option address or the environment variable SPIFFE_ENDPOINT_SOCKET/,
    );
    expect(option).toBe("address");
  });
});

describe("endpointText", () => {
  it.each(["unix:///run/x.sock", "tcp://127.0.0.1:8000", "tcp://[::1]:8000"])(
    "writes %s as it was",
    (address) => {
      expect(endpointText(parseEndpoint(address))).toBe(address);
    },
  );
});

interface EndpointVectors {
  readonly cases: readonly { value: string; valid: boolean | null; rule: string }[];
}

describeWithVectors<EndpointVectors>(
  "the shared vectors of the endpoint address",
  "spiffe-endpoint-socket.json",
  ({ cases }) => {
    it.each(cases)("$value: $rule", ({ value, valid }) => {
      const act = () => parseEndpoint(value);
      if (valid === true) expect(act).not.toThrow();
      else problemOf(act); // what the specification does not know is refused, too
    });
  },
);
