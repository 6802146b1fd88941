// Sends requests proved in the way of the server that they go to.
import { data } from "../harness/program.mjs";
import { serveSending } from "../load/serve-sending.mjs";
import { ways } from "./ways.mjs";

serveSending((port) => {
  const { name, caller } = data.servers[port];
  return name && ways[name].signerOf(caller, `http://localhost:${port}`);
});
