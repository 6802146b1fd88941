import { createServer } from "node:http";
import { allow } from "@firsthand/core";
import { requireCaller } from "@firsthand/core/http";
import { diagnosticsObserver } from "@firsthand/node";
import { takePart } from "../process/child.js";
import { joinShop } from "../process/join-shop.js";
import { txnTokens } from "../process/transactions.js";
import { welcome } from "./welcome.js";

const identity = await joinShop();

const server = createServer(
  requireCaller(
    {
      identity,
      origin: "http://ledger.localhost",
      policy: allow("spiffe://shop.example/orders"),
      observer: diagnosticsObserver(),
      txnTokens,
    },
    (_request, response, caller) => {
      response.writeHead(201, { "content-type": "application/json" });
      response.end(JSON.stringify(welcome(caller)));
    },
  ),
);

await takePart(server.listen(0, "127.0.0.1"));
