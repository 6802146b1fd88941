import { report, started } from "./report.mjs";

report(started, "spiffe://shop.example/checkout");
