export { connectTls, type TlsConnection, type TlsTarget } from "./connect-tls.js";
export { mutualTlsServer } from "./mutual-tls-server.js";
export type { MutualTlsServerOptions } from "./server-options.js";
export type { TlsRefusalMessage } from "./tls-channel.js";
