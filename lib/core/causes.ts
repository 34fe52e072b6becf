import type { FailureDetails } from './failure.js';

/** An error class, or the name under which it is recorded. */
export type ErrorType = string | (abstract new (...args: never[]) => unknown);

/**
 * Whether a failure, or anything in its chain of causes, is of this class or has this name [A2]. Histories hold names,
 * not classes: a class matches by its name, a base class does not match its subclasses, except `Error`, which matches all.
 */
export function isCausedBy(failure: FailureDetails, type: ErrorType): boolean {
  if (type === Error) return true;
  const names = typeof type === 'string' ? [type] : namesOf(type);
  for (let link: FailureDetails | undefined = failure; link !== undefined; link = link.innerFailure) {
    if (names.includes(link.errorType)) return true;
  }
  return false;
}

function namesOf(type: { readonly name: string; readonly prototype?: unknown }): string[] {
  const prototype = type.prototype as { name?: unknown } | undefined;
  const own = prototype && Object.hasOwn(prototype, 'name') ? prototype.name : undefined;
  return typeof own === 'string' ? [type.name, own] : [type.name];
}
