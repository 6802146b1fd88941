import { constants } from "node:crypto";
import type { SecureContextOptions } from "node:tls";
import { exportPrivateKey, type X509Credential } from "@firsthand/core";
import { pem } from "./pem.js";

/** The oldest version of TLS that is spoken. */
export type MinTlsVersion = "TLSv1.2" | "TLSv1.3";

/**
 * What a TLS context is made of. No tickets, and in TLS 1.2 no renegotiation and forward secrecy
 * only: an old session cannot stand in for a handshake, nor can the certificates of a connection
 * change after they were checked.
 *
 * It trusts no authority. OpenSSL would pool those of all trust domains, take only self-signed ones,
 * and Node would follow two that signed each other in a circle for ever. OpenSSL makes sure that a
 * peer holds the key of its certificate; who it is, `validateX509Svid` decides.
 */
export function contextOptions(
  credential: X509Credential | undefined,
  minVersion: MinTlsVersion = "TLSv1.3",
): SecureContextOptions {
  return {
    ...(credential !== undefined && {
      cert: credential.chain.map((certificate) => pem("CERTIFICATE", certificate)).join(""),
      key: pem("PRIVATE KEY", exportPrivateKey(credential)),
    }),
    ca: [],
    ciphers,
    minVersion,
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
  };
}

const ciphers = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
].join(":");
