export type { WorkloadAuthOptions } from "@firsthand/core/http";
export { refusalHandler, workloadAuth } from "./workload-auth.js";
