import { assertName } from './values.js';

const PREFIX = 'BuiltIn::';

/** The activity behind `ctx.callHttp` [H1]; its name is Azure's. Every worker has it. */
export const HTTP_ACTIVITY = `${PREFIX}HttpActivity`;

/** What is wrong with a name that applications may not use. */
export const RESERVED_NAME = `names that begin with '${PREFIX}' belong to nestjs-durable; choose another one`;

/** Whether a name belongs to this package [H3]. Case does not matter: entity names are in lower case. */
export function isReservedName(name: unknown): boolean {
  return typeof name === 'string' && name.toLowerCase().startsWith(PREFIX.toLowerCase());
}

/**
 * Checks the name of an orchestrator or activity that code wants to call.
 * @param what the name in words, for messages
 * @throws TypeError when it is no string, empty or reserved
 */
export function assertHandlerName(name: unknown, what: string): asserts name is string {
  assertName(name, what);
  if (isReservedName(name)) throw new TypeError(`${what} cannot be '${String(name)}': ${RESERVED_NAME}.`);
}
