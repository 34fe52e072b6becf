import { TaskFailedError } from './errors.js';
import type { FailureDetails } from './failure.js';

const MAX_DEPTH = 10;
const MAX_TEXT = 16_384;
/** What has a place of its own in FailureDetails. */
const NOT_PROPERTIES = new Set(['name', 'message', 'stack', 'cause', 'isNonRetriable', 'failureDetails']);

/**
 * Whatever was thrown, as plain data [A2]. The `cause` chain becomes `innerFailure` (at most 10 deep), own enumerable
 * properties that JSON can hold become `properties`; texts are cut at 16 384 characters. Never throws.
 */
export function failureDetailsOf(error: unknown): FailureDetails {
  try {
    return describe(error, 1);
  } catch {
    // A getter or a proxy of the thrown object threw in its turn.
    return { errorType: 'Error', errorMessage: 'The error could not be read.', isNonRetriable: false };
  }
}

function describe(error: unknown, depth: number): FailureDetails {
  if (!isErrorLike(error)) {
    return { errorType: 'Error', errorMessage: cut(textOf(error)), isNonRetriable: isMarkedNonRetriable(error) };
  }
  const innerFailure = innerFailureOf(error, depth);
  const properties = propertiesOf(error);
  return {
    errorType: errorTypeOf(error),
    errorMessage: cut(error.message),
    ...(typeof error.stack === 'string' && { stackTrace: cut(error.stack) }),
    isNonRetriable: isMarkedNonRetriable(error),
    ...(innerFailure && { innerFailure }),
    ...(properties && { properties }),
  };
}

function innerFailureOf(error: ErrorLike, depth: number): FailureDetails | undefined {
  if (error instanceof TaskFailedError) return error.failureDetails;
  if (error.cause === undefined || depth === MAX_DEPTH) return undefined;
  return describe(error.cause, depth + 1);
}

interface ErrorLike {
  readonly message: string;
  readonly name?: unknown;
  readonly stack?: unknown;
  readonly cause?: unknown;
}

/** By shape, not by class: errors come from other realms too (vm contexts, test runners). */
function isErrorLike(value: unknown): value is ErrorLike {
  return typeof value === 'object' && value !== null && typeof (value as ErrorLike).message === 'string';
}

/**
 * The name that the error or its class gives itself, else the name of the class: `class Declined extends Error {}`
 * inherits the name 'Error', which says nothing.
 */
function errorTypeOf(error: ErrorLike): string {
  const prototype: unknown = Object.getPrototypeOf(error);
  const named = Object.hasOwn(error, 'name') || (isObject(prototype) && Object.hasOwn(prototype, 'name'));
  if (named && typeof error.name === 'string' && error.name !== '') return error.name;
  const constructor: unknown = isObject(prototype) ? prototype.constructor : undefined;
  return typeof constructor === 'function' && constructor !== Object && constructor.name !== '' ? constructor.name : 'Error';
}

function isMarkedNonRetriable(error: unknown): boolean {
  return isObject(error) && (error as { isNonRetriable?: unknown }).isNonRetriable === true;
}

function propertiesOf(error: object): Record<string, unknown> | undefined {
  const properties: Record<string, unknown> = {};
  let left = MAX_TEXT;
  for (const key of Object.keys(error)) {
    if (NOT_PROPERTIES.has(key)) continue;
    const text = jsonOf(() => (error as Record<string, unknown>)[key]);
    if (text === undefined || text.length > left) continue;
    left -= text.length;
    properties[key] = JSON.parse(text);
  }
  return Object.keys(properties).length > 0 ? properties : undefined;
}

function textOf(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown;
  if (isObject(thrown)) return jsonOf(() => thrown) ?? Object.prototype.toString.call(thrown);
  return `${String(thrown)} was thrown`;
}

function jsonOf(read: () => unknown): string | undefined {
  try {
    return JSON.stringify(read());
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function cut(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}…`;
}
