import { resolve } from 'node:path';
import { InvalidSettingError } from '../engine/settings-validation.js';
import { addressOf } from '../storage/index.js';
import type { ResolvedDurableOptions } from './durable-options.js';
import { InvalidHandlerError, MESSAGES } from './durable.messages.js';
import type { HttpAddress } from './http-address.js';
import type { DurableStorageOptions } from './interfaces/durable-module-options.js';

interface Registration {
  readonly name: string;
  readonly options: ResolvedDurableOptions;
  /** Of its management API. */
  readonly http?: HttpAddress;
}

/**
 * Checks a registration against all of the application, itself among them.
 * @throws {InvalidHandlerError} when another one has its name
 * @throws {InvalidSettingError} when another one works on its task hub: each would be taken for a worker that has the other's handlers;
 * and when the paths of their management APIs are not apart
 */
export function checkRegistration(own: Registration, all: readonly Registration[]): void {
  if (all.filter(({ name }) => name === own.name).length > 1) throw new InvalidHandlerError(MESSAGES.duplicateRegistration(own.name));
  checkApiPath(own, all);
  const { taskHub, storage, worker } = own.options;
  const other = all.find(({ name, options }) =>
    name !== own.name && options.worker && options.taskHub === taskHub && isSame(options.storage, storage));
  if (!worker || !other) return;
  throw new InvalidSettingError(
    'taskHub',
    `is '${taskHub}' in the registrations '${own.name}' and '${other.name}', which have the same database: give each a task hub of its own, ` +
      'or make one registration of them',
  );
}

function checkApiPath(own: Registration, all: readonly Registration[]): void {
  if (!own.http) return;
  const { ownPath } = own.http;
  const other = all.find(({ name, http }) => name !== own.name && http && `${ownPath}/`.toLowerCase().startsWith(`${http.ownPath}/`.toLowerCase()));
  if (!other) return;
  throw new InvalidSettingError(
    'http.path',
    `is '${ownPath}' in the registration '${own.name}', where that of '${other.name}' is already, '${other.http!.ownPath}': give each a path of its own, ` +
      'or leave out one, since either API serves all task hubs of the application',
  );
}

function isSame(a: DurableStorageOptions, b: DurableStorageOptions): boolean {
  const place = placeOf(a);
  return place !== undefined && place === placeOf(b);
}

/** Undefined where it cannot be told, or where nobody else can come. */
function placeOf(storage: DurableStorageOptions): unknown {
  if ('dataSource' in storage) return storage.dataSource;
  if (storage.type !== 'better-sqlite3') return addressOf(storage);
  return storage.database === ':memory:' || storage.database === '' ? undefined : resolve(storage.database);
}
