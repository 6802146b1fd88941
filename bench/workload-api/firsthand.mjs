import { report } from "./report.mjs";

const { openWorkloadIdentity } = await import("@firsthand/node");
const imported = performance.now();
const identity = await openWorkloadIdentity();
report(imported, identity.state.ids[0].toString());
