import { X509Certificate } from "node:crypto";
import { createTrustDomain } from "@firsthand/testing";

export const callerId = "spiffe://bench.example/checkout";
export const calleeId = "spiffe://bench.example/orders";

/** One trust domain with both services, as plain JSON for the processes of the bench. */
export async function createBenchTrust(kind = "x509-svid") {
  const domain = await createTrustDomain("bench.example");
  const options = {
    credentials: [kind],
    x509Svid: { dnsNames: ["localhost"], ttlSeconds: 86_400 },
  };
  const [caller, callee] = await Promise.all([
    domain.identity("/checkout", options),
    domain.identity("/orders", { ...options, credentials: ["x509-svid"] }),
  ]);
  const [callerPem, calleePem] = await Promise.all(
    ["/checkout", "/orders"].map((path) => domain.issueX509Svid(path, options.x509Svid)),
  );
  const pem = ({ chainPem, privateKeyPem }) => ({ chainPem, privateKeyPem });
  return {
    caller: caller.material(),
    callee: callee.material(),
    callerPem: pem(callerPem),
    calleePem: pem(calleePem),
    rootPem: new X509Certificate(domain.authorities.x509.root.certificate).toString(),
  };
}
