import { join } from "node:path";

export interface ServerSettings {
  readonly trustDomain: string;
  /** For everything that it keeps. */
  readonly directory: string;
  readonly port: number;
  readonly bundlePort: number;
  /** Certificate and key of an `https_web` bundle endpoint; without it is `https_spiffe`. */
  readonly web?: { readonly certificate: string; readonly key: string } | undefined;
}

export interface AgentSettings {
  readonly trustDomain: string;
  readonly directory: string;
  readonly serverPort: number;
  readonly trustBundle: string;
  readonly joinToken: string;
}

/** One second, so that everything that changes is soon seen by everyone. */
const often = "1s";

/** WIT-SVIDs: a feature flag before SPIRE 1.16, an option since. Each ignores the other's. */
const witSvids = { enable_wit_svids: true };
export const witFeatureFlag = { feature_flags: ["wit-svid"] };

type Extra = Readonly<Record<string, unknown>>;

/** The configuration of a server, in the JSON form of HCL. */
export function serverConfiguration(settings: ServerSettings, experimental: Extra): string {
  const { directory, trustDomain, port, bundlePort, web } = settings;
  const profile =
    web === undefined
      ? { https_spiffe: {} }
      : { https_web: { serving_cert_file: files(web.certificate, web.key) } };
  return JSON.stringify({
    server: {
      bind_address: "127.0.0.1",
      bind_port: port,
      socket_path: join(directory, "server.sock"),
      trust_domain: trustDomain,
      data_dir: directory,
      log_level: "INFO",
      ca_key_type: "ec-p256",
      ca_ttl: "24h",
      federation: {
        bundle_endpoint: { address: "127.0.0.1", port: bundlePort, refresh_hint: often, profile },
      },
      experimental: { cache_reload_interval: often, ...witSvids, ...experimental },
    },
    plugins: {
      DataStore: [
        plugin("sql", {
          database_type: "sqlite3",
          connection_string: join(directory, "datastore.sqlite3"),
        }),
      ],
      KeyManager: [plugin("memory")],
      NodeAttestor: [plugin("join_token")],
    },
  });
}

/** The configuration of an agent. Its key is on disk, so that it comes back after it was killed. */
export function agentConfiguration(settings: AgentSettings, experimental: Extra): string {
  const { directory, trustDomain, serverPort, trustBundle, joinToken } = settings;
  return JSON.stringify({
    agent: {
      server_address: "127.0.0.1",
      server_port: serverPort,
      socket_path: join(directory, "agent.sock"),
      trust_domain: trustDomain,
      trust_bundle_path: trustBundle,
      join_token: joinToken,
      data_dir: directory,
      log_level: "INFO",
      experimental: { sync_interval: often, ...witSvids, ...experimental },
    },
    plugins: {
      KeyManager: [plugin("disk", { directory })],
      NodeAttestor: [plugin("join_token")],
      WorkloadAttestor: [plugin("unix", { discover_workload_path: true })],
    },
  });
}

function plugin(name: string, data: Extra = {}): Extra {
  return { [name]: { plugin_data: data } };
}

function files(certificate: string, key: string): Extra {
  return { cert_file_path: certificate, key_file_path: key, file_sync_interval: "1h" };
}
