import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder with the certificates of both proxies and their configurations, for as long as it is used. */
export function createPairFiles({ callerPem, calleePem, rootPem }) {
  const folder = mkdtempSync(join(tmpdir(), "firsthand-bench-"));
  const write = (name, text) => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  return {
    folder,
    write,
    root: write("root.pem", rootPem),
    near: credentialFiles("near", callerPem, write),
    far: credentialFiles("far", calleePem, write),
    remove: () => rmSync(folder, { recursive: true }),
  };
}

function credentialFiles(name, { chainPem, privateKeyPem }, write) {
  return {
    certificate: write(`${name}.crt`, chainPem),
    key: write(`${name}.key`, privateKeyPem),
    both: write(`${name}.pem`, chainPem + privateKeyPem),
  };
}
