import { serializeDictionary, serializeList } from "structured-headers";
import { describe, expect, it } from "vitest";
import { parseDictionary, parseList } from "../../packages/core/src/signature/structured-field.js";
import { describeShared } from "../support/describe-shared.js";

interface Case {
  readonly name: string;
  readonly raw: readonly string[];
  readonly header_type: "dictionary" | "list" | "item";
  readonly must_fail?: boolean;
  readonly can_fail?: boolean;
  readonly canonical?: readonly string[];
}

const files = [
  ...["binary", "boolean", "date", "dictionary", "display-string", "examples", "item"],
  ...["key-generated", "list", "listlist", "number", "number-generated", "param-dict"],
  ...["param-list", "param-listlist", "string", "string-generated", "token", "token-generated"],
];

describe.each(files)("the structured field suite, %s", (file) => {
  describeShared<readonly Case[]>(file, `structured-fields/${file}.json`, (cases) => {
    // An Item of one line stands for itself in a List.
    const readable = cases.filter(({ header_type, raw }) => {
      return header_type !== "item" || (raw.length === 1 && raw[0] !== "");
    });

    it.each(readable)("$name is read in its canonical form only", (entry) => {
      const text = entry.raw.join(", ");
      const read = readAs(entry, text);
      if (text !== canonicalOf(entry)) expect(read).toBeUndefined();
      else if (entry.can_fail !== true) expect(read).toBe(text);
    });
  });
});

/**
 * Undefined for what has to be refused. To the library a Decimal without a fraction is an Integer;
 * no field of ours has a Decimal.
 */
function canonicalOf({ must_fail, canonical, raw }: Case): string | undefined {
  const text = (canonical ?? raw).join(", ");
  return must_fail || /\d\.0\b/.test(text) ? undefined : text;
}

/** What comes out when it is written again; undefined when it is refused. */
function readAs({ header_type }: Case, text: string): string | undefined {
  try {
    if (header_type === "dictionary") return serializeDictionary(parseDictionary(text));
    return serializeList(parseList(text) as never);
  } catch (error) {
    expect(error).toMatchObject({ code: "signature_malformed" });
    return undefined;
  }
}
