/** A request with what proves it, as it arrives from the wire: flat strings of their own. */
export function received({ method, url, headers, content }, proof) {
  const flat = [...headers, ...proof].map(([name, value]) => [
    name,
    Buffer.from(value, "latin1").toString("latin1"),
  ]);
  return { method, target: url.pathname + url.search, headers: flat, body: content };
}
