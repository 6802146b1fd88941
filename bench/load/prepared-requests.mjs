/** Bytes of requests with proofs of their own, or without, that only have to be sent. */
export function createPreparer(sign, port) {
  const url = new URL("/v1/orders/42", `http://localhost:${port}`);
  const common = [
    ["host", url.host],
    ["accept", "*/*"],
    ["user-agent", "bench"],
  ];

  async function proved({ content }) {
    const method = content === undefined ? "GET" : "POST";
    const own = content === undefined ? [] : [["content-type", "application/json"]];
    const headers = [...common, ...own];
    const proof = await sign({ method, url, headers, content });
    return { method, headers: [...headers, ...proof], content };
  }

  /** `change` makes of a proof header what is sent instead. */
  return async function prepare(
    count,
    { isProved = true, content, change = (value) => value } = {},
  ) {
    const requests = [];
    for (let at = 0; at < count; at++) {
      const method = content === undefined ? "GET" : "POST";
      const given = isProved ? await proved({ content }) : { method, headers: common, content };
      const headers = given.headers.map(([name, value]) =>
        name === "SVID-Proof" ? [name, change(value)] : [name, value],
      );
      requests.push(bytesOf(given.method, url.pathname, headers, content));
    }
    return requests;
  };
}

function bytesOf(method, path, headers, content) {
  const length = content === undefined ? [] : [["content-length", String(content.length)]];
  const fields = [...headers, ...length].map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return Buffer.concat([
    Buffer.from(`${method} ${path} HTTP/1.1\r\n${fields}\r\n`, "latin1"),
    content ?? Buffer.alloc(0),
  ]);
}
