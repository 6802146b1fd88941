import { checkAgentRestart } from "./checks/agent-restart.js";
import { checkAuthorityRotation } from "./checks/authority-rotation.js";
import { checkEntryDeletion } from "./checks/entry-deletion.js";
import { checkFederation } from "./checks/federation.js";
import { checkMutualTls } from "./checks/mutual-tls.js";
import { checkProfiles } from "./checks/profiles.js";
import { checkProofs } from "./checks/proofs.js";
import { checkRotation } from "./checks/rotation.js";
import { checkWitSvids } from "./checks/wit-svids.js";
import { checkWorkloadApiServer } from "./checks/workload-api-server.js";
import { endPrograms } from "./process/program.js";
import { Report } from "./runner/report.js";
import { say } from "./runner/say.js";
import { withScope } from "./runner/scope.js";
import { openShop } from "./shop.js";
import { openWorld } from "./world.js";

process.once("exit", endPrograms);
process.once("SIGINT", () => process.exit(130));
process.once("SIGTERM", () => process.exit(143));

const report = new Report();

await report.group("SPIRE", () =>
  withScope(async (scope) => {
    const world = await openWorld(report, scope);
    await report.group("Profiles of the Workload API", () => checkProfiles(world));
    await report.group("Proofs between services", () => checkProofs(world));
    await report.group("WIT-SVIDs", () => checkWitSvids(world));
    await report.group("Mutual TLS with go-spiffe", () => checkMutualTls(world));
    await report.group("Our Workload API server, read by go-spiffe", () =>
      checkWorkloadApiServer(world),
    );
    await report.group("Two services under continuous load", () =>
      withScope(async (shopScope) => {
        const shop = await openShop(world, shopScope);
        await checkRotation(world, shop);
        await checkAuthorityRotation(world, shop);
        await checkAgentRestart(world, shop);
        await checkEntryDeletion(world, shop);
      }),
    );
    await report.group("Federated trust domains", () => checkFederation(world));
    if (report.failed > 0) say(`\n${world.server.program.log}\n${world.agent.log}`);
  }),
);

say(`\n${report.summary()}`);
process.exit(report.failed === 0 ? 0 : 1);
