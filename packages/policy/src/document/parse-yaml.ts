import { invalidOption } from "@firsthand/core";
import { parseAllDocuments } from "yaml";

/** The longest text that is read. */
export const maxDocumentBytes = 1024 * 1024;

/**
 * Reads one document of YAML 1.2 or JSON into plain values. A key that occurs twice, an alias, a tag that
 * is not known, a second document or the key `__proto__` is an error: what two readers could take differently is refused.
 *
 * @throws {ConfigurationError} saying where
 */
export function parseYaml(reader: string, text: string): unknown {
  const documents = parseYamlDocuments(reader, text);
  if (documents.length !== 1) throw invalidOption(reader, "", "must be one document");
  return documents[0];
}

/** As `parseYaml`, for a text of several documents. */
export function parseYamlDocuments(reader: string, text: string): readonly unknown[] {
  if (Buffer.byteLength(text) > maxDocumentBytes) {
    throw invalidOption(reader, "", `must not be longer than ${maxDocumentBytes} bytes`);
  }
  const parsed = parseAllDocuments(text, { version: "1.2", strict: true, uniqueKeys: true });
  const documents = Array.isArray(parsed) ? parsed : [];
  return documents.map((document) => {
    const problem = document.errors[0] ?? document.warnings[0];
    if (problem !== undefined) throw notYaml(reader, problem);
    try {
      return document.toJS({ maxAliasCount: 0, reviver: refuseProto });
    } catch (error) {
      throw notYaml(reader, error as Error);
    }
  });
}

/** The one key that some readers drop, and with it the condition that it stands for. */
function refuseProto(key: unknown, value: unknown): unknown {
  if (key === "__proto__") throw new SyntaxError("__proto__ is no key");
  return value;
}

function notYaml(reader: string, cause: Error): Error {
  return invalidOption(reader, "", `must be YAML or JSON: ${cause.message.trimEnd()}`, cause);
}
