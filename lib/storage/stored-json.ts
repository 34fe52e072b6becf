/** Stored JSON that may have been damaged. Rows are read many at a time, so what cannot be read is told, not thrown: it breaks only itself. */

/** Characters of a damaged text that a message shows. */
const SHOWN = 60;

/**
 * Reads a text that was stored.
 * @param expected what it should be, in words; with `isExpected`, which looks at the value
 * @param problem is told what is wrong when it cannot be read
 */
export function readStored<T>(text: string, expected: string, isExpected: (value: any) => boolean, problem: (reason: string) => void): T | undefined {
  let reason = `is not ${expected}`;
  try {
    const value: unknown = JSON.parse(text);
    if (isExpected(value)) return value as T;
  } catch (error) {
    reason = `is no JSON (${error instanceof Error ? error.message : String(error)})`;
  }
  const shown = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
  problem(`${reason}: ${JSON.stringify(shown)}`);
  return undefined;
}

/** Whether a value is an object with fields. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
