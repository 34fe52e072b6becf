import { describeValue } from './values.js';

/** The last time that a Date can hold, epoch ms. */
const MAX_TIME = 8.64e15;

/** A computed time as one that can be stored: whole ms, never earlier than asked for, within the range of dates. */
export function latestTime(time: number): number {
  return Math.min(Math.ceil(time), MAX_TIME);
}

/**
 * The time that a Date or a number of ms from `now` stands for [T1].
 * @throws RangeError for NaN, infinite values, invalid dates and times beyond the range of dates
 * @throws TypeError for anything else
 */
export function toFireAt(value: Date | number, now: number, where: string): number {
  const time = typeof value === 'number' ? Math.ceil(now + value) : timeOfDate(value);
  if (time === undefined) throw new TypeError(`${where} takes a Date or a number of milliseconds, not ${typeof value}.`);
  if (!Number.isFinite(time) || Math.abs(time) > MAX_TIME) {
    throw new RangeError(`${where} takes a valid Date or a finite number of milliseconds, not ${String(value)}.`);
  }
  return time;
}

/**
 * The time that a Date stands for, epoch ms.
 * @param what the Date in words, for messages
 * @throws TypeError when it is no Date, RangeError when it is an invalid one
 */
export function dateToTime(value: unknown, what: string): number {
  const time = timeOfDate(value);
  if (time === undefined) throw new TypeError(`${what} must be a Date, not ${describeValue(value)}.`);
  if (Number.isNaN(time)) throw new RangeError(`${what} must be a valid Date.`);
  return time;
}

function timeOfDate(value: unknown): number | undefined {
  return Object.prototype.toString.call(value) === '[object Date]' ? (value as Date).getTime() : undefined;
}
