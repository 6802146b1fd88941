const common = `global
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  option http-keep-alive
  http-reuse always
`;

/** HAProxy beside the caller and beside the callee, one thread each, TLS 1.3 with both certificates. */
export const haproxy = {
  command: "haproxy",
  install: "apt-get install haproxy",
  argsOf: (path) => ["-db", "-q", "-f", path],
  near: ({ listen, to, files }) => `${common}
frontend in
  bind 127.0.0.1:${listen}
  default_backend out
backend out
  server far 127.0.0.1:${to} ssl verify required ca-file ${files.root} crt ${files.near.both} sni str(localhost) verifyhost localhost ssl-min-ver TLSv1.3
`,
  far: ({ listen, to, files }) => `${common}
frontend in
  bind 127.0.0.1:${listen} ssl crt ${files.far.both} ca-file ${files.root} verify required ssl-min-ver TLSv1.3
  default_backend out
backend out
  server app 127.0.0.1:${to}
`,
};
