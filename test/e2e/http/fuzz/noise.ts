/** What no caller means to send. */
import type { Random } from '../../../chaos/random.js';

const NASTY = [
  '', ' ', '.', '..', '%', '%zz', '%ff', '%c0%80', '%00', '%0d%0a', '%2e%2e%2f', '%ff%fe', '__proto__', 'constructor', 'toString', 'null', 'undefined',
  '[object Object]', "'; DROP TABLE durable_instances; --", '${7*7}', '{{7}}', '<script>', '*', '%F0%9F%A6%84', '%ED%A0%80', '-1', '0', '1e999', 'NaN', 'true',
  '[]', '{}', '\\', '"', "'", '`', ';', ',', '=', '%3d', '+', '@', '@@', '@a', '@a@', '@a@b', '%40counter%40a', 'x'.repeat(300), '%61'.repeat(300),
];

/** Text for a segment of a path or a value of a query, also with malformed encodings. */
export function noise(random: Random): string {
  const text = random.chance(0.5) ? random.pick(NASTY) : Array.from({ length: random.between(1, 12) }, () => anyCharacter(random)).join('');
  return text.replace(/[ /?#&]/g, (character) => encodeURIComponent(character));
}

/** Bytes beyond ASCII are encoded: Node itself refuses others. */
function anyCharacter(random: Random): string {
  if (random.chance(0.2)) return `%${random.between(0, 255).toString(16).padStart(2, '0')}`;
  return String.fromCharCode(random.between(0x21, 0x7e));
}

/** A body that is no JSON in UTF-8. */
export function malformedBody(random: Random): Buffer {
  const bytes = random.pick([truncated, random.chance(0.5) ? randomBytes : decorated, notUtf8])(random);
  return isJson(bytes) || bytes.length === 0 ? Buffer.concat([bytes, Buffer.from('}')]) : bytes;
}

const VALID = ['{"sku":"cup","count":[1,2,{"a":null}]}', '"text with \\"quotes\\" and \\u00e4"', '[[[[1.5e3]]]]', '{"__proto__":{"x":1}}'];

function truncated(random: Random): Buffer {
  const text = random.pick(VALID);
  return Buffer.from(text.slice(0, random.between(1, text.length - 1)));
}

/** Valid JSON with a little too much. */
function decorated(random: Random): Buffer {
  const text = random.pick(VALID);
  const place = random.between(0, text.length);
  return Buffer.from(text.slice(0, place) + random.pick([',', '}', '\u0000', "'", '//', '\\', '\u00a0', 'NaN', '\ufeff\ufeff']) + text.slice(place) + '!');
}

function randomBytes(random: Random): Buffer {
  return Buffer.from(Array.from({ length: random.between(1, 200) }, () => random.between(0, 255)));
}

function notUtf8(random: Random): Buffer {
  const broken = random.pick([[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf8, 0x88, 0x80, 0x80], [0xe2, 0x82]]);
  return Buffer.concat([Buffer.from('{"a":"'), Buffer.from(broken), Buffer.from('"}')]);
}

function isJson(bytes: Buffer): boolean {
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return true;
  } catch {
    return false;
  }
}

/** Text that no reader of dates can take for one. */
export function noDate(random: Random): string {
  return random.pick([
    'never', 'T00:00:00Z', '2026-13-01T00:00:00Z', '2026-01-32', '2026-02-30',
    '2026-01-01T25:00:00Z', '2026-01-01T00:61:00Z', '+999999-01-01T00:00:00Z', '-1', '12:00',
    `2026-01-01T00:00:00${random.pick(['X', 'Z!', '+99:99'])}`, '2026-01-01T00:00:00.Z', 'Infinity', `x${noise(random)}`, '%00', '1e3', '2026%2F01%2F01x',
  ]);
}

/** A continuation token that no list returned; some look much like one. */
export function noToken(random: Random): string {
  const position = random.pick<unknown>([
    [], {}, null, 0, 'x', [1], ['1', 'a'], [1, 2], [null, 'a'], [1, 'a', 'b'], [1e300, 'a'],
    [-1, 'a'], [0.5, 'a'], [9e15, '\u0000'], [1, '\ud800'], [1, 'x'.repeat(2_000)],
    [[1], 'a'], { createdAt: 1, instanceId: 'a' }, [Number.MAX_VALUE, 'a'], [1, ''],
  ]);
  const token = Buffer.from(JSON.stringify(position)).toString('base64url');
  if (random.chance(0.6)) return token;
  return random.pick(['x', '===', token.slice(1), `${token}*`, `${token},${token}`, '\u00ff', token.repeat(3), '%%%', '{', 'bnVsbA==']);
}
