/** One block of PEM (RFC 7468 §2), which is all that TLS in Node reads. */
export function pem(label: "CERTIFICATE" | "PRIVATE KEY", der: Uint8Array): string {
  const base64 = Buffer.from(der).toString("base64");
  const lines = base64.replace(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}
