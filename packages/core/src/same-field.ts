/** Whether two names are of the same field: compared without case (RFC 9110 §5.1). */
export function isSameField(one: string, other: string): boolean {
  return one.length === other.length && one.toLowerCase() === other.toLowerCase();
}
