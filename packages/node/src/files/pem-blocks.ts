import { fileInvalid } from "./file-error.js";

/** A block of a PEM file (RFC 7468 §2). */
export interface PemBlock {
  readonly label: string;
  readonly der: Uint8Array;
}

const boundary = /^-----(BEGIN|END) ([^-]+)-----\s*$/;
const brokenBoundary = /^-----(?!-)/;

/**
 * Reads the blocks of a PEM file (RFC 7468 §3). Text outside them says nothing; a block that is not
 * whole refuses the file.
 *
 * @throws {CredentialError} `file_invalid`
 */
export function readPemBlocks(path: string, content: Uint8Array): readonly PemBlock[] {
  const blocks: PemBlock[] = [];
  let current: { readonly label: string; readonly lines: string[] } | undefined;
  for (const line of new TextDecoder().decode(content).split(/\r\n|\n|\r/)) {
    const [, edge, label = ""] = boundary.exec(line) ?? [];
    if (edge === "BEGIN" && current === undefined) {
      current = { label, lines: [] };
    } else if (edge === "END" && current?.label === label) {
      blocks.push({ label, der: decodeBlock(path, label, current.lines.join("")) });
      current = undefined;
    } else if (brokenBoundary.test(line)) {
      throw fileInvalid(path, "has a boundary between blocks that is broken or out of place");
    } else {
      current?.lines.push(line.trim());
    }
  }
  if (current !== undefined) throw fileInvalid(path, "ends within a block");
  return blocks;
}

/**
 * The DER of all certificates, in their order.
 *
 * @throws {CredentialError} `file_invalid`
 */
export function certificatesOf(path: string, blocks: readonly PemBlock[]): readonly Uint8Array[] {
  const certificates = blocks.filter(({ label }) => label === "CERTIFICATE");
  if (certificates.length === 0) throw fileInvalid(path, "holds no CERTIFICATE block");
  return certificates.map(({ der }) => der);
}

function decodeBlock(path: string, label: string, body: string): Uint8Array {
  if (label === "ENCRYPTED PRIVATE KEY" || body.startsWith("Proc-Type:")) {
    throw fileInvalid(path, "holds a private key that is encrypted");
  }
  const der = Buffer.from(body, "base64");
  if (der.length === 0 || der.toString("base64") !== body) {
    throw fileInvalid(path, "holds a block that is not base64");
  }
  return new Uint8Array(der);
}
