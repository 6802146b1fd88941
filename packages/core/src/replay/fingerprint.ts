import { runtime } from "#runtime";

/** Words of 32 bits in a fingerprint. */
export const fingerprintWords = 3;
const maxLength = 64;

/**
 * Makes a function that shortens texts to 96 bits, under secrets of its own: each word is a sum of
 * the characters, each times a secret of its position. Two texts have one fingerprint with a
 * probability of 2⁻⁹⁶ over the secrets, at worst 2⁻⁷⁸ (when all characters differ by multiples of
 * 64). Nobody who does not know the secrets can look for such a pair, nor choose where in a table a
 * text goes.
 *
 * @throws {RangeError} from the function, for a text of more than 64 characters
 */
export function createFingerprint(): (text: string, words: Uint32Array) => void {
  const secrets = new Uint32Array(
    runtime.randomBytes(4 * fingerprintWords * maxLength).slice().buffer,
  );
  return (text, words) => {
    if (text.length > maxLength) throw new RangeError("a key has at most 64 characters");
    let first = 0;
    let second = 0;
    let third = 0;
    let secret = 0;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at) + 1; // a text is not its own beginning
      first = (first + Math.imul(code, secrets[secret++] as number)) | 0;
      second = (second + Math.imul(code, secrets[secret++] as number)) | 0;
      third = (third + Math.imul(code, secrets[secret++] as number)) | 0;
    }
    words[0] = first;
    words[1] = second;
    words[2] = third;
  };
}
