/** A value in words, for messages: `undefined`, `the number 5`, `an Array`, `a Promise`, `a plain object`. */
export function describeValue(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') {
    return `the ${typeof value} ${String(value).slice(0, 40)}`;
  }
  if (typeof value !== 'object') return `a ${typeof value}`;
  const name = classNameOf(value);
  if (typeof name !== 'string' || name === '' || name === 'Object') return 'a plain object';
  return `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}`;
}

function classNameOf(value: object): unknown {
  try {
    return (Object.getPrototypeOf(value) as { constructor?: { name?: unknown } } | null)?.constructor?.name;
  } catch {
    // A proxy, or a getter.
    return undefined;
  }
}

/**
 * Checks a name that code gave.
 * @param what the name in words, for messages
 * @throws TypeError when it is no string, or empty
 */
export function assertName(name: unknown, what: string): void {
  if (typeof name === 'string' && name !== '') return;
  throw new TypeError(`${what} must be a string that is not empty, not ${describeValue(name)}.`);
}
