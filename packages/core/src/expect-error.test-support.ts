import { expect } from "vitest";
import {
  ConfigurationError,
  type ConfigurationErrorCode,
  CredentialError,
  type CredentialErrorCode,
  ProofError,
  type ProofErrorCode,
  type TokenKind,
  VerificationError,
} from "./errors.js";
import type { VerificationCode } from "./refusal-codes.js";
import { SpiffeIdError, type SpiffeIdErrorCode } from "./spiffe/spiffe-id.js";

type ErrorClass<E extends Error> = abstract new (...args: never[]) => E;

/** What `act` throws or rejects with, which has to be of the class and to have the members. */
export async function expectError<E extends Error>(
  act: () => unknown,
  type: ErrorClass<E>,
  members: Readonly<Record<string, unknown>>,
): Promise<E> {
  const error = await thrownBy(act);
  expect(error).toBeInstanceOf(type);
  expect(error).toMatchObject(members);
  return error as E;
}

/** Expects exactly this cause of a refusal and, where it is given, the token it is about. */
export function expectRefusal(
  act: () => unknown,
  code: VerificationCode,
  token?: TokenKind,
): Promise<VerificationError> {
  return expectError(act, VerificationError, token === undefined ? { code } : { code, token });
}

export function expectCredentialError(
  act: () => unknown,
  code: CredentialErrorCode,
): Promise<CredentialError> {
  return expectError(act, CredentialError, { code });
}

export function expectProofError(act: () => unknown, code: ProofErrorCode): Promise<ProofError> {
  return expectError(act, ProofError, { code });
}

/** Expects the error of a program that is set up wrongly, naming the option. */
export function expectOptionError(act: () => unknown, option: string): Promise<ConfigurationError> {
  return expectError(act, ConfigurationError, { code: "option_invalid", option });
}

export function expectConfigurationError(
  act: () => unknown,
  code: ConfigurationErrorCode,
): Promise<ConfigurationError> {
  return expectError(act, ConfigurationError, { code });
}

export function expectIdError(act: () => unknown, code: SpiffeIdErrorCode): Promise<SpiffeIdError> {
  return expectError(act, SpiffeIdError, { code });
}

/**
 * The answer of `act`, or undefined when it throws an error of this class. Anything else that it
 * throws fails the test: for properties over hostile input.
 */
export function unlessThrown<T, E extends Error>(type: ErrorClass<E>, act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    expect(error).toBeInstanceOf(type);
    return undefined;
  }
}

async function thrownBy(act: () => unknown): Promise<unknown> {
  let answer: unknown;
  try {
    answer = await act();
  } catch (error) {
    return error;
  }
  return expect.fail(`expected an error, got ${String(answer)}`);
}
