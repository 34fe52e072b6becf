import { PayloadTooLargeError, SerializationError, UnreadableDataError } from './errors.js';
import type { Serialized } from './history.js';

/**
 * A value as JSON text. `undefined` is "no value" and stays `undefined` [O4].
 *
 * @param what the value in words, for messages; a function where building the words costs too much
 * @param maxBytes limit of the text in UTF-8 bytes
 * @throws SerializationError when JSON cannot hold it
 * @throws PayloadTooLargeError when the text is longer than `maxBytes`
 */
export function serialize(value: unknown, what: string | (() => string), maxBytes: number): Serialized {
  if (value === undefined) return undefined;
  const text = toJson(value, what);
  // No character takes more than three bytes per UTF-16 unit.
  if (text.length * 3 > maxBytes) {
    const bytes = Buffer.byteLength(text);
    if (bytes > maxBytes) throw new PayloadTooLargeError(wordsOf(what), bytes, maxBytes);
  }
  return text;
}

/**
 * The value of a JSON text; `undefined` for "no value".
 *
 * @param what as for {@link serialize}
 * @throws UnreadableDataError when it is no JSON
 */
export function deserialize(text: Serialized, what: string | (() => string) = 'a stored value'): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new UnreadableDataError(wordsOf(what), `it is no JSON: ${messageOf(error)}`);
  }
}

function toJson(value: unknown, what: string | (() => string)): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw new SerializationError(`${wordsOf(what)} cannot be written as JSON: ${messageOf(error)}`, { cause: error });
  }
  if (text === undefined) {
    throw new SerializationError(`${wordsOf(what)} cannot be written as JSON: it is a ${typeof value} without a JSON form.`);
  }
  return text;
}

function wordsOf(what: string | (() => string)): string {
  const words = typeof what === 'string' ? what : what();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
