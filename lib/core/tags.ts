import { serialize } from './serialization.js';

const MAX_TAGS_BYTES = 16 * 1024;
/** Each is a row of its own. */
const MAX_TAGS = 100;

/**
 * A copy of an instance's tags.
 * @param call for messages: `startNew('fulfil')`
 * @throws TypeError when they are no object of strings, or more than 100
 * @throws PayloadTooLargeError when they have more than 16 KB as JSON
 */
export function checkedTags(tags: unknown, call: string): Readonly<Record<string, string>> {
  const isMap = typeof tags === 'object' && tags !== null && !Array.isArray(tags);
  if (!isMap || Object.values(tags).some((value) => typeof value !== 'string')) {
    throw new TypeError(`${call}: tags must be an object whose values are strings.`);
  }
  const count = Object.keys(tags).length;
  if (count > MAX_TAGS) throw new TypeError(`${call}: an instance has at most ${MAX_TAGS} tags, and these are ${count}.`);
  serialize(tags, () => `the tags of ${call}`, MAX_TAGS_BYTES);
  return { ...(tags as Record<string, string>) };
}
