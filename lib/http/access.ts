import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { targetOf } from './requests.js';

/** The parameter that a key comes in, as in Azure; the header does as well. */
const KEY_PARAMETER = 'code';
const KEY_HEADER = 'x-functions-key';

/** What a request without a key is told. */
export const KEY_MISSING = `The request has no valid key: send it as the parameter '${KEY_PARAMETER}', or in the header '${KEY_HEADER}'.`;

/** The keys of an API. Comparisons take the same time whatever is wrong with a key. */
export class ApiKeys {
  private readonly digests: readonly Buffer[];

  constructor(keys: readonly string[]) {
    this.digests = keys.map(digestOf);
  }

  /** Whether a request has one of the keys. */
  admit(request: IncomingMessage): boolean {
    const inHeader = request.headers[KEY_HEADER];
    return [typeof inHeader === 'string' && this.has(inHeader), this.parameterOf(request) !== undefined].includes(true);
  }

  /** The key that a request has as a parameter. */
  parameterOf(request: IncomingMessage): string | undefined {
    const given = new URLSearchParams(targetOf(request).query).getAll(KEY_PARAMETER);
    return given.filter((key) => this.has(key))[0];
  }

  private has(key: string): boolean {
    const digest = digestOf(key);
    return this.digests.map((known) => timingSafeEqual(known, digest)).includes(true);
  }
}

/** Digests have one length, which timingSafeEqual asks for. */
function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
