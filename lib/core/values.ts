/** A value's kind in words, for messages: `undefined`, `a string`, `an Array`, `a Promise`. */
export function describeValue(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (typeof value !== 'object') return typeof value === 'function' ? 'a function' : `the ${typeof value} ${String(value).slice(0, 40)}`;
  const prototype = Object.getPrototypeOf(value) as { constructor?: { name?: unknown } } | null;
  const name = prototype?.constructor?.name;
  if (typeof name !== 'string' || name === '' || name === 'Object') return 'a plain object';
  return `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}`;
}
