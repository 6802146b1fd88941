import { CredentialError } from "@firsthand/core";
import { expect, it } from "vitest";
import { EndpointFault, endpointError } from "./endpoint-fault.js";

const url = new URL("https://partner.example:8443/bundle?token=secret#part");
const where = "https://partner.example:8443/bundle";
const unreachable = "the bundle endpoint gave no usable answer";

it.each<[title: string, error: Error, code: string, message: string]>([
  [
    "of our own",
    new EndpointFault("bundle_endpoint_unreachable", "status 404"),
    "bundle_endpoint_unreachable",
    `${unreachable}: ${where}: status 404`,
  ],
  [
    "of a bundle",
    new CredentialError("bundle_rollback"),
    "bundle_rollback",
    `the trust bundle has other authorities and no higher sequence than the one that is held: ${where}`,
  ],
  [
    "of the network",
    Object.assign(new Error("to 192.0.2.1"), { code: "ECONNRESET" }),
    "bundle_endpoint_unreachable",
    `${unreachable}: ${where}: ECONNRESET`,
  ],
  [
    "without a code",
    new Error("something of the peer"),
    "bundle_endpoint_unreachable",
    `${unreachable}: ${where}`,
  ],
])("an error %s is said of the endpoint", (_, cause, code, message) => {
  expect(endpointError(url, cause, "bundle_endpoint_unreachable")).toMatchObject({
    name: "CredentialError",
    code,
    message,
    cause,
  });
});
