import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { createTrustDomain } from "@firsthand/testing";
import { describe, expect, it } from "vitest";
import { runtime } from "#runtime";
import { runtime as nodeRuntime } from "../runtime/node.js";
import { exportPrivateKey } from "./export-key.js";
import { loadX509Svid } from "./x509-credential.js";

describe("exportPrivateKey", () => {
  it("gives the key of the certificate to a TLS stack, where keys are not in WebCrypto", async () => {
    const domain = await createTrustDomain("td.example");
    const credential = await loadX509Svid(await domain.issueX509Svid("/web"));
    const { publicKey } = new X509Certificate(credential.chain[0] as Uint8Array);
    if (runtime === nodeRuntime) {
      const pkcs8 = Buffer.from(exportPrivateKey(credential));
      const key = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
      expect(createPublicKey(key).equals(publicKey)).toBe(true);
    } else {
      expect(() => exportPrivateKey(credential)).toThrow(
        expect.objectContaining({ code: "key_not_exportable" }),
      );
    }
  });
});
