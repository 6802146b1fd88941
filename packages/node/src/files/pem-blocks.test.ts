import { createTrustDomain } from "@firsthand/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { certificatesOf, readPemBlocks } from "./pem-blocks.js";

const path = "/certs/svid.pem";
const read = (text: string) => readPemBlocks(path, Buffer.from(text));
const { chain, chainPem } = await (await createTrustDomain("shop.example")).issueX509Svid("/web");
const [leaf = ""] = chainPem.split(/(?<=-----END CERTIFICATE-----\n)/);
const body = "AAAA";
const block = `-----BEGIN X-----\n${body}\n-----END X-----\n`;

describe("readPemBlocks", () => {
  it("reads blocks in their order", () => {
    const blocks = read(chainPem);
    expect(blocks.map(({ label }) => label)).toEqual(["CERTIFICATE", "CERTIFICATE"]);
    expect(certificatesOf(path, blocks)).toEqual(chain);
  });

  it.each([
    ["with CRLF", chainPem.replaceAll("\n", "\r\n")],
    ["with CR", chainPem.replaceAll("\n", "\r")],
    ["without a final newline", chainPem.trimEnd()],
    [
      "with text around the blocks",
      `subject: CN=x\n${chainPem.replace(leaf, `${leaf}\n # ü \n`)}end`,
    ],
    ["with rulers", `----------\n${chainPem}---\n`],
    ["with a byte order mark", `\uFEFF${chainPem}`],
    ["in one line each", chainPem.replaceAll(/(?<=[\w+/=])\n(?=[\w+/=])/g, "")],
    ["with spaces at the ends of lines", chainPem.replaceAll("\n", "  \n")],
  ])("reads blocks %s", (_, text) => {
    expect(read(text).map(({ der }) => der)).toEqual(chain);
  });

  it.each([
    ["that is cut within a block", leaf.slice(0, 300), "ends within a block"],
    ["that is cut within the end", leaf.slice(0, -4), "broken or out of place"],
    ["that is cut within a beginning", `${leaf}-----BEGIN CERT`, "broken or out of place"],
    ["that is cut within the first dashes", `${leaf}-----`, "broken or out of place"],
    ["with a beginning within a block", `-----BEGIN X-----\n${block}`, "broken or out of place"],
    ["with another end", block.replace("END X", "END Y"), "broken or out of place"],
    ["that begins with an end", "-----END X-----\n", "broken or out of place"],
    ["without base64", block.replace(body, "?"), "not base64"],
    ["with base64url", block.replace(body, "__--"), "not base64"],
    ["with base64 that is cut", block.replace(body, "AAA"), "not base64"],
    ["with base64 that is not canonical", block.replace(body, "AAB="), "not base64"],
    ["with an empty block", block.replace(`${body}\n`, ""), "not base64"],
    ["with headers", block.replace(body, `Comment: x\n\n${body}`), "not base64"],
    [
      "with an encrypted key of PKCS#8",
      block.replaceAll(" X-", " ENCRYPTED PRIVATE KEY-"),
      "is encrypted",
    ],
    [
      "with an encrypted key of OpenSSL",
      block.replace(body, `Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n${body}`),
      "is encrypted",
    ],
  ])("refuses a file %s", (_, text, problem) => {
    const act = () => read(text);
    expect(act).toThrow(expect.objectContaining({ code: "file_invalid" }));
    expect(act).toThrow(path);
    expect(act).toThrow(problem);
  });

  it("reads of a file that is cut anywhere only whole blocks", () => {
    const whole = chain.map((der) => Buffer.from(der).toString("hex"));
    fc.assert(
      fc.property(fc.nat(chainPem.length), (length) => {
        let ders: readonly string[];
        try {
          ders = read(chainPem.slice(0, length)).map(({ der }) => Buffer.from(der).toString("hex"));
        } catch {
          return; // refused
        }
        expect(ders).toEqual(whole.slice(0, ders.length));
      }),
    );
  });
});

describe("certificatesOf", () => {
  it.each([
    ["nothing", ""],
    ["other blocks", block],
  ])("refuses %s", (_, text) => {
    const act = () => certificatesOf(path, read(text));
    expect(act).toThrow(expect.objectContaining({ code: "file_invalid" }));
    expect(act).toThrow(`${path}: holds no CERTIFICATE block`);
  });
});
