import type { Refusal } from "../refusal.js";

/** What is used of a response: of `http.ServerResponse` and of its counterpart in `http2`. */
export interface SentResponse {
  readonly headersSent: boolean;
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body: string): unknown;
}

/** Answers a refused request with its status, headers and problem document (RFC 9457 §3). */
export function sendRefusal(response: SentResponse, refusal: Refusal): void {
  response.statusCode = refusal.status;
  for (const [name, value] of Object.entries(refusal.headers)) response.setHeader(name, value);
  response.setHeader("content-type", "application/problem+json");
  response.end(JSON.stringify(refusal.problem));
}
