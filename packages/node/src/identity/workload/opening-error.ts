import { CredentialError } from "@firsthand/core";
import { endpointText } from "../../workload-api/endpoint.js";
import type { ProfileBoard } from "./profile-board.js";
import type { WorkloadIdentityRules } from "./workload-identity-options.js";

/** The error when the time is over: what went wrong last, and what was tried. */
export function openingError(board: ProfileBoard, rules: WorkloadIdentityRules): CredentialError {
  const { trouble, missing } = board;
  const address = endpointText(rules.endpoint);
  const time = `${rules.timeoutMilliseconds / 1000} s`;
  if (trouble === undefined) {
    const detail = `${address} said nothing about ${missing.join(", ")} in ${time}`;
    return new CredentialError("endpoint_stalled", { detail });
  }
  const { error, failures } = trouble;
  const detail = detailOf(error);
  const tried = `tried ${failures === 1 ? "once" : `${failures} times`} in ${time}`;
  const parts = [detail, detail.includes(address) ? "" : address, tried];
  return new CredentialError(error.code, {
    cause: error,
    detail: parts.filter(Boolean).join(", "),
  });
}

/** What a message says beyond its code. */
function detailOf({ code, message }: CredentialError): string {
  return message.slice(new CredentialError(code).message.length).replace(/^: /, "");
}
