import { describe, expect, it } from "vitest";
import { VerificationError } from "../errors.js";
import { expectRefusal } from "../expect-error.test-support.js";
import { emptyHash } from "../hash.js";
import { rulesOf } from "../scene.test-support.js";
import type { VerifierOptions } from "../verifier-options.js";
import { bindContent, type ContentMode } from "./bind-content.js";
import type { RequestContent } from "./proof-request.js";
import type { VerifiedProof } from "./verify-proof.js";

const token = "svid-proof";

/** Content that remembers how it was let through. */
function contentOf(digest: string) {
  const calls: unknown[] = [];
  const content: RequestContent = {
    async buffered(limit, accept) {
      calls.push(["buffered", limit]);
      await accept(digest);
    },
    async streaming(accept) {
      calls.push(["streaming"]);
      await accept(digest);
    },
  };
  return { content, calls };
}

interface Given {
  readonly content: RequestContent | undefined;
  readonly bound: string | undefined;
  readonly mode?: ContentMode;
  readonly options?: Partial<VerifierOptions>;
  readonly refuseLate?: (error: unknown) => Promise<never>;
}

const pass = (error: unknown) => Promise.reject(error);

function bind({ content, bound, mode = "buffered", options, refuseLate = pass }: Given) {
  const rules = rulesOf(options);
  const record = { binding: rules.binding };
  const proof = { contentDigest: bound, token, record } as VerifiedProof;
  return bindContent(content, proof, mode, rules, refuseLate);
}

describe("bindContent", () => {
  it("lets proved content through, up to the limit or as it comes", async () => {
    const { content, calls } = contentOf("digest");
    const refuseLate = () => expect.fail("nothing is refused");
    await bind({ content, bound: "digest", options: { contentLimitBytes: 7 }, refuseLate });
    await bind({ content, bound: "digest", mode: "streaming", refuseLate });
    expect(calls).toEqual([["buffered", 7], ["streaming"]]);
  });

  it.each<ContentMode>(["buffered", "streaming"])("refuses other content, %s", async (mode) => {
    const { content } = contentOf("other");
    await expectRefusal(
      () => bind({ content, bound: "digest", mode }),
      "proof_body_mismatch",
      token,
    );
    await expectRefusal(
      () => bind({ content, bound: undefined, mode }),
      "proof_body_unbound",
      token,
    );
  });

  it("takes no content for content of no bytes", async () => {
    await bind({ content: undefined, bound: undefined });
    await bind({ content: undefined, bound: emptyHash });
    await bind({ content: contentOf(emptyHash).content, bound: undefined });
    await expectRefusal(
      () => bind({ content: undefined, bound: "digest" }),
      "proof_body_mismatch",
      token,
    );
  });

  it("does not touch unbound content where the target is enough", async () => {
    const { content, calls } = contentOf("digest");
    const options = { binding: "target" } as const;
    await bind({ content, bound: undefined, options });
    expect(calls).toEqual([]);
    await expectRefusal(
      () => bind({ content, bound: "other", options }),
      "proof_body_mismatch",
      token,
    );
  });

  it("reports a refusal of streamed content before the stream fails", async () => {
    const { content } = contentOf("other");
    const replaced = new VerificationError("observer_failed");
    const reported: unknown[] = [];
    const refuseLate = (error: unknown) => {
      reported.push(error);
      return Promise.reject(replaced);
    };
    const streaming = { content, bound: "digest", mode: "streaming", refuseLate } as const;
    await expect(bind(streaming)).rejects.toBe(replaced);
    expect(reported).toEqual([expect.objectContaining({ code: "proof_body_mismatch" })]);
    await expectRefusal(() => bind({ ...streaming, mode: "buffered" }), "proof_body_mismatch");
    expect(reported).toHaveLength(1);
  });
});
