/** A command was called wrongly, or a file that it names cannot be read. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}
