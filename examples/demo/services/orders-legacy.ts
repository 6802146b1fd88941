import express from "express";
import { takePart } from "../process/child.js";

// What orders is without Firsthand: it believes the header that the sidecar adds.
const app = express();

app.use((request, response, next) => {
  const clientCertificate = request.get("x-forwarded-client-cert") ?? "";
  const [, caller] = /URI=([^;,]+)/.exec(clientCertificate) ?? [];
  response.locals["caller"] = caller;
  if (caller === "spiffe://shop.example/checkout") next();
  else response.sendStatus(403);
});

app.post("/orders", (_request, response) => {
  response.status(201).json({ caller: response.locals["caller"] });
});
app.delete("/orders", (_request, response) => {
  response.json({ caller: response.locals["caller"] });
});
app.post("/refunds", (_request, response) => {
  response.json({ caller: response.locals["caller"] });
});

await takePart(app.listen(0, "127.0.0.1"));
