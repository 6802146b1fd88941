import { generateKeyPairSync, randomBytes, sign, verify } from "node:crypto";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const message = randomBytes(1900);
const signature = sign("sha256", message, privateKey);

/** One bare verification of ES256. */
export function rawVerify() {
  verify("sha256", message, publicKey, signature);
}

/** The same in the thread pool of libuv. */
export function rawVerifyInPool(done) {
  verify("sha256", message, publicKey, signature, done);
}

/** CPU time of one bare verification of ES256 in a tight loop, in microseconds. */
export function rawVerifyMicroseconds(count) {
  const before = process.cpuUsage();
  for (let at = 0; at < count; at++) rawVerify();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}
