import { CredentialError } from "@firsthand/core";
import { status as statuses } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { checkStatus } from "./grpc-status.js";

function errorOf(status: string, message?: string): CredentialError {
  try {
    checkStatus({ "grpc-status": status, "grpc-message": message });
  } catch (error) {
    expect(error).toBeInstanceOf(CredentialError);
    return error as CredentialError;
  }
  return expect.fail("the status was accepted");
}

const names = Object.entries(statuses).flatMap(([name, number]) =>
  typeof number === "number" && number !== 0 ? [{ name, number }] : [],
);

const meanings: Readonly<Record<string, string>> = {
  INVALID_ARGUMENT: "endpoint_refused",
  UNIMPLEMENTED: "endpoint_unsupported",
  FAILED_PRECONDITION: "endpoint_unsupported",
  PERMISSION_DENIED: "workload_unregistered",
};

describe("checkStatus", () => {
  it("accepts OK", () => {
    expect(() => checkStatus({ "grpc-status": "0" })).not.toThrow();
  });

  it("knows every status that there is", () => {
    expect(names).toHaveLength(16);
  });

  it.each(names)("names $name in the error", ({ name, number }) => {
    const error = errorOf(String(number));
    expect(error.code).toBe(meanings[name] ?? "endpoint_unavailable");
    expect(error.message.split(": ").at(-1)).toBe(name);
    expect(error.cause).toBeUndefined();
  });

  it.each(["17", "99", "00", "07", "-1", "1.0", " 7", "0, 7", "OK", ""])(
    "refuses the status %j",
    (status) => {
      expect(errorOf(status)).toMatchObject({
        code: "response_malformed",
        message: "the Workload API does not speak its protocol: the gRPC status is unknown",
      });
    },
  );

  it.each<[title: string, message: string, words: string]>([
    ["plain words", "no identity issued", "no identity issued"],
    ["percent-encoded words", "a%20b%25c", "a b%c"],
    ["a bad escape", "100%, %zz%4", "100%, %zz%4"],
    ["control characters and escapes of a terminal", "a\u001b[31m%0D%0Ab", "a?[31m?b"],
    ["letters beyond ASCII", "caf%C3%A9\u202e", "caf?"],
    ["many words", "x".repeat(5000), "x".repeat(200)],
  ])("keeps %s as the cause, and out of the message", (_, message, words) => {
    const error = errorOf("7", message);
    expect(error.message).toBe(
      "the Workload API has no identity for this process: PERMISSION_DENIED",
    );
    expect(error.cause).toMatchObject({ message: words });
  });
});
