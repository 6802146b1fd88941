import { openBundleEndpoint } from "./bundle-endpoint.js";

const [url = "", ca = ""] = process.argv.slice(2);

const { status } = await openBundleEndpoint({
  trustDomain: "partner.example",
  url,
  profile: { kind: "https_web", ca },
}).then(({ state }) => state);
process.stdout.write(status);
