import { describe, expect, it } from "vitest";
import { expectConfigurationError } from "../expect-error.test-support.js";
import { callerOf as namedCaller, webId } from "../scene.test-support.js";
import { callerOf, clearCaller, isVerified, setCaller } from "./caller-of.js";
import type { ReceivedMessage } from "./received-message.js";

const caller = namedCaller(webId);
const newMessage = () => ({ rawHeaders: [] }) as unknown as ReceivedMessage;

function verified(): { readonly message: ReceivedMessage; readonly slot: symbol } {
  const message = newMessage();
  setCaller(message, caller);
  const [slot] = Object.getOwnPropertySymbols(message) as [symbol];
  return { message, slot };
}

describe("callerOf", () => {
  it("tells who made the message, until that is cleared", async () => {
    const { message } = verified();
    expect(callerOf(message)).toBe(caller);
    expect(isVerified(message)).toBe(true);
    clearCaller(message);
    expect(isVerified(message)).toBe(false);
    await expectConfigurationError(() => callerOf(message), "caller_unverified");
  });

  it.each<[title: string, copy: (message: ReceivedMessage) => ReceivedMessage]>([
    ["a copy", (message) => ({ ...message })],
    ["what inherits from it", (message) => Object.create(message)],
    ["what stands for it", (message) => new Proxy(message, {})],
  ])("takes %s for nobody's", async (_, copy) => {
    const other = copy(verified().message);
    expect(isVerified(other)).toBe(false);
    await expectConfigurationError(() => callerOf(other), "caller_unverified");
  });

  it.each([undefined, null, true, webId, {}, { caller }, caller])(
    "takes nothing that somebody else put there: %j",
    async (forged) => {
      const message = newMessage();
      Reflect.set(message, verified().slot, forged);
      expect(isVerified(message)).toBe(false);
      await expectConfigurationError(() => callerOf(message), "caller_unverified");
    },
  );
});
