import fc from "fast-check";
import { expect, it } from "vitest";
import { runtime as nodeRuntime } from "./node.js";
import { runtime as webRuntime } from "./web.js";

const characters = fc.constantFrom(..."AQgwZz09-_+/=.\n\0é€😀".split(""));

it("reads and writes base64url alike in every runtime, whatever the text", () => {
  const text = fc.oneof(fc.string({ unit: characters }), fc.string({ unit: "binary" }));
  fc.assert(
    fc.property(text, (given) => {
      const [native, portable] = [nodeRuntime, webRuntime].map((runtime) => {
        const bytes = runtime.fromBase64url(given);
        return bytes && { bytes: [...bytes], text: runtime.base64url(bytes) };
      });
      expect(native).toEqual(portable);
    }),
    { numRuns: 2000 },
  );
});
