import { deserialize, PayloadTooLargeError, SerializationError, serialize } from '../../../lib/core/index.js';

const LIMIT = 1_000;

describe('serialization [O4, A5]', () => {
  it.each([0, '', false, null, [], {}, { a: [1, 'ü'] }])('[O4] %j comes back as it was', (value) => {
    expect(deserialize(serialize(value, 'it', LIMIT))).toEqual(value);
  });

  it('[O4] undefined is "no value" and stays so', () => {
    expect(serialize(undefined, 'it', LIMIT)).toBeUndefined();
    expect(deserialize(undefined)).toBeUndefined();
  });

  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  it.each([
    ['a cycle', cycle],
    ['a BigInt', { amount: 1n }],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['a toJSON without a result', { toJSON: () => undefined }],
    ['a toJSON that throws', { toJSON: () => { throw new Error('no'); } }],
  ])('[A5] %s is refused, with a message that says what it was', (_what, value) => {
    expect(() => serialize(value, "the result of activity 'charge'", LIMIT)).toThrow(SerializationError);
    expect(() => serialize(value, () => "the result of activity 'charge'", LIMIT)).toThrow(/^The result of activity 'charge' cannot be written as JSON/);
  });

  it('the limit counts bytes of UTF-8', () => {
    expect(serialize('x'.repeat(998), 'it', LIMIT)).toHaveLength(1_000);
    expect(serialize('é'.repeat(499), 'it', LIMIT)).toHaveLength(501);
    expect(() => serialize('x'.repeat(999), 'it', LIMIT)).toThrow(PayloadTooLargeError);
    expect(() => serialize('é'.repeat(500), 'the input', LIMIT)).toThrow(/^the input has 1002 bytes as JSON, the limit is 1000/i);
  });
});
