/** Sets the calendar of this process wrong, as an operator or a broken time server does; its monotonic clock goes on. */

const TrueDate = Date;

/** @param shift ms from the true time; may be negative */
export function shiftClock(shift: number): void {
  const now = () => TrueDate.now() + shift;
  globalThis.Date = new Proxy(TrueDate, {
    construct: (target, values: unknown[], newTarget) => Reflect.construct(target, values.length === 0 ? [now()] : values, newTarget) as Date,
    apply: () => new TrueDate(now()).toString(),
    get: (target, property) => (property === 'now' ? now : (Reflect.get(target, property) as unknown)),
  });
}
