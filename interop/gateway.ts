import { checkGateway } from "./checks/gateway.js";
import { checkSessionReplicas } from "./checks/session-replicas.js";
import { endPrograms } from "./process/program.js";
import { Report } from "./runner/report.js";
import { say } from "./runner/say.js";

process.once("exit", endPrograms);
process.once("SIGINT", () => process.exit(130));
process.once("SIGTERM", () => process.exit(143));

const report = new Report();
await report.group("HAProxy between two services", () => checkGateway(report));
await report.group("Sessions of replicas behind HAProxy", () => checkSessionReplicas(report));
say(`\n${report.summary()}`);
process.exit(report.failed === 0 ? 0 : 1);
