// Sends requests that the caller of the bench has proved.
import { loadIdentity } from "@firsthand/testing";
import { data } from "../harness/program.mjs";
import { identitySigner } from "./identity-signer.mjs";
import { serveSending } from "./serve-sending.mjs";

serveSending(identitySigner(await loadIdentity(data.trust.caller)));
