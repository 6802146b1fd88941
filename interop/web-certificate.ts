import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { generateKey, issueCertificate } from "@firsthand/testing";

/** Files of a web server's certificate and key, and of the authority that signed it. */
export interface WebCertificate {
  readonly certificate: string;
  readonly key: string;
  readonly authority: string;
  /** The content of the authority's file. */
  readonly authorityPem: string;
}

/** Makes a certificate for `localhost`, of a web PKI that nobody but this run knows. */
export async function createWebCertificate(directory: string): Promise<WebCertificate> {
  const now = Math.floor(Date.now() / 1000);
  const validity = { notBefore: now - 60, notAfter: now + 86_400 };
  const authority = issueCertificate(
    {
      ...validity,
      subject: "interop web authority",
      names: {},
      basicConstraints: { ca: true },
      keyUsage: ["keyCertSign", "cRLSign"],
    },
    await generateKey("P-256"),
  );
  const key = await generateKey("P-256");
  const { certificate } = issueCertificate(
    {
      ...validity,
      subject: "localhost",
      names: { dnsNames: ["localhost"] },
      basicConstraints: { ca: false },
      keyUsage: ["digitalSignature"],
      extendedKeyUsage: ["1.3.6.1.5.5.7.3.1"],
    },
    key,
    authority,
  );
  const authorityPem = pemOf(authority.certificate);
  const paths = {
    certificate: join(directory, "web.pem"),
    key: join(directory, "web-key.pem"),
    authority: join(directory, "web-authority.pem"),
  };
  await writeFile(paths.certificate, pemOf(certificate));
  await writeFile(paths.key, key.export({ format: "pem", type: "pkcs8" }), { mode: 0o600 });
  await writeFile(paths.authority, authorityPem);
  return { ...paths, authorityPem };
}

function pemOf(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}
