import { DEFAULT_API } from '../client/index.js';
import { InvalidSettingError } from '../engine/settings-validation.js';
import type { DurableHttpOptions } from './interfaces/durable-http-options.js';
import { adviceOn } from './unknown-settings.js';

/** The setting `http` with its defaults, checked. */
export type HttpSetting = Required<Omit<DurableHttpOptions, 'allowAnonymous'>>;

const KNOWN: readonly string[] = ['path', 'guards', 'keys', 'useForwardedHost', 'allowAnonymous'] satisfies (keyof DurableHttpOptions)[];
/** Names between slashes: nothing that a router would take for a parameter. */
const PATH = /^\/?[\w.~-]+(\/[\w.~-]+)*\/?$/;
const MIN_KEY_LENGTH = 16;

/**
 * Checks the setting `http`; `undefined` for a registration without an API.
 * @throws {InvalidSettingError}
 */
export function resolveHttp(given: DurableHttpOptions | false | undefined): HttpSetting | undefined {
  if (given === undefined || given === false) return undefined;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw InvalidSettingError.ofValue('http', given, `false, or an object of ${KNOWN.join(', ')}`);
  }
  const unknown = Object.keys(given).find((name) => !KNOWN.includes(name));
  if (unknown !== undefined) throw new InvalidSettingError(`http.${unknown}`, adviceOn(unknown, KNOWN));

  const { path = DEFAULT_API.path, guards = [], keys = [], useForwardedHost = false, allowAnonymous = false } = given;
  if (typeof path !== 'string' || !PATH.test(path)) {
    throw InvalidSettingError.ofValue('http.path', path, "a path of letters, digits and - . _ ~, like '/durable'");
  }
  if (!Array.isArray(guards) || !guards.every(isGuard)) {
    throw InvalidSettingError.ofValue('http.guards', guards, 'an array of guards: classes, or objects with canActivate()');
  }
  checkKeys(keys);
  for (const [name, value] of Object.entries({ useForwardedHost, allowAnonymous })) {
    if (typeof value !== 'boolean') throw InvalidSettingError.ofValue(`http.${name}`, value, 'true or false');
  }
  checkAccess(guards.length + keys.length > 0, allowAnonymous);
  return { path: `/${path.replace(/^\/|\/$/g, '')}`, guards, keys, useForwardedHost };
}

function isGuard(value: unknown): boolean {
  return typeof value === 'function' || typeof (value as { canActivate?: unknown } | null)?.canActivate === 'function';
}

/** What was given stays out of the message: it may be a key, or a part of one. */
function checkKeys(keys: unknown): void {
  const fits = Array.isArray(keys) && keys.every((key) => typeof key === 'string' && key.length >= MIN_KEY_LENGTH);
  if (!fits) throw new InvalidSettingError('http.keys', `must be an array of strings of ${MIN_KEY_LENGTH} characters or more each`);
}

function checkAccess(isGuarded: boolean, allowAnonymous: boolean): void {
  if (!isGuarded && !allowAnonymous) {
    throw new InvalidSettingError(
      'http',
      'would let everybody do anything to any instance: give it guards, [AdminGuard], or keys, [process.env.DURABLE_API_KEY], or say allowAnonymous: true',
    );
  }
  if (isGuarded && allowAnonymous) {
    throw new InvalidSettingError('http.allowAnonymous', 'is true beside guards or keys, which would still be asked: leave out one or the other');
  }
}
