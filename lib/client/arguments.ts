/** Checks of arguments that several calls have. */

/** @throws {TypeError} */
export function assertDuration(call: string, instanceId: string, what: string, value: unknown): void {
  if (typeof value === 'number' && value >= 0) return;
  throw new TypeError(`${call}('${instanceId}'): ${what} must be milliseconds, 0 or more, but got ${String(value)}.`);
}

/** @throws {TypeError} */
export function checkedId(call: string, instanceId: string): string {
  if (typeof instanceId === 'string' && instanceId !== '') return instanceId;
  throw new TypeError(`${call}: the instance id must be a non-empty string, but got ${String(instanceId)}.`);
}
