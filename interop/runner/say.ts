/** Writes a line for whoever runs the suite. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
