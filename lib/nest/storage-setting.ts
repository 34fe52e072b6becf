import { InvalidSettingError } from '../engine/settings-validation.js';
import { isDataSource } from './application-data-source.js';
import type { DurableStorageOptions } from './interfaces/durable-module-options.js';

const DEFAULT_STORAGE: DurableStorageOptions = { type: 'better-sqlite3', database: 'durable.sqlite' };
const TYPES: readonly unknown[] = ['better-sqlite3', 'mysql', 'mariadb'];

/**
 * Checks the setting `storage`, or gives its default. Whether a DataSource fits is known when the application's providers are there.
 * @throws {InvalidSettingError}
 */
export function resolveStorage(given: DurableStorageOptions = DEFAULT_STORAGE): DurableStorageOptions {
  if (typeof given !== 'object' || given === null) {
    throw InvalidSettingError.ofValue('storage', given, `an object: connection options with a type (${TYPES.join(', ')}), or { dataSource }`);
  }
  if (!('dataSource' in given)) {
    if (!TYPES.includes(given.type)) throw InvalidSettingError.ofValue('storage.type', given.type, `one of ${TYPES.join(', ')}`);
    return given;
  }
  const { dataSource, ...others } = given;
  const isName = typeof dataSource === 'string' && dataSource !== '';
  if (!isName && !isDataSource(dataSource)) {
    throw InvalidSettingError.ofValue('storage.dataSource', dataSource, "the name of a DataSource of the application ('default' for the one without), or a DataSource");
  }
  const [other] = Object.keys(others);
  if (other !== undefined) throw new InvalidSettingError(`storage.${other}`, 'has no effect beside storage.dataSource, whose connection options are used; leave it out');
  return given;
}
