/** Whether it is TLS, or an address of this machine (RFC 6761 §6.3, RFC 1122 §3.2.1.3). */
export function isSecureTransport({ protocol, hostname }: URL): boolean {
  if (protocol === "https:") return true;
  const isName = hostname === "localhost" || hostname.endsWith(".localhost");
  return isName || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}
