import { rm } from "node:fs/promises";
import { join } from "node:path";
import { buy } from "./attempts.js";
import { isTrailOf, readAuditTrail, trailHead, trailLine } from "./audit-trail.js";
import { playAnswer, playAttack, playOrder } from "./play.js";
import { stopProcesses } from "./process/demo-process.js";
import { replaceEverything } from "./rotation.js";
import { type AttackGroup, attackGroups, forgedAnswers, lateAttackGroups } from "./scenarios.js";
import { openShop } from "./shop.js";
import { styleOf } from "./style.js";
import { type Row, tableHead, tableRow } from "./table.js";

process.once("exit", stopProcesses);
process.once("SIGINT", () => process.exit(130));
process.once("SIGTERM", () => process.exit(143));

const style = styleOf(process.stdout, process.env);
const rows: Row[] = [];

function heading(text: string): void {
  console.log(`\n${style.paint("bold", text)}`);
}

function report(row: Row): void {
  rows.push(row);
  console.log(tableRow(row, style));
}

console.log("Each service, a sidecar and an intruder: seven processes on 127.0.0.1.");
console.log("orders verifies; orders-legacy gets the same and believes X-Forwarded-Client-Cert.\n");
const shop = await openShop();
console.log(tableHead(style));

heading("A customer's order");
for await (const row of playOrder(shop, "/checkout")) report(row);

heading("The same with request and answer signed");
for await (const row of playOrder(shop, "/signed")) report(row);

// Checkout also calls dropship, which belongs to the intruder and keeps what it got.
await buy(shop, "/dropship");

async function playAttacks({ title, attacks }: AttackGroup): Promise<void> {
  heading(title);
  for (const attack of attacks) report(await playAttack(shop, attack));
}
for (const group of attackGroups) await playAttacks(group);

heading("Signed answers of orders, changed on the way");
for (const forged of forgedAnswers) report(await playAnswer(shop, forged));

await replaceEverything(shop);
heading("The next order, after every authority and credential was replaced");
for await (const row of playOrder(shop, "/checkout")) report(row);
for (const group of lateAttackGroups) await playAttacks(group);
stopProcesses();

for (const { workloadApi } of shop.members) await workloadApi.close();
await shop.transactions.close();

const trail = await readAuditTrail(join(shop.directory, "audit.jsonl"));
await rm(shop.directory, { recursive: true });
heading("The audit trail of orders: what was proved, what a sidecar claimed, and what was decided");
console.log(trailHead(style));
for (const event of trail) console.log(trailLine(event, style));

const { checkout, orders, ledger } = shop;
const accepted = rows.filter((row) => row.accepted).length;
const refused = rows.length - accepted;
const strays = checkout.unreadDecisions + orders.unreadDecisions + ledger.unreadDecisions;
const gaps = isTrailOf(rows, trail) ? 0 : 1;
const unexpected = rows.filter((row) => !row.expected).length + strays + gaps;
console.log(`\naccepted ${accepted}, refused ${refused}, unexpected ${unexpected}`);
process.exitCode = unexpected === 0 ? 0 : 1;
