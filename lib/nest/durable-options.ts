import type { EngineSettings } from '../engine/settings.js';
import { ENGINE_SETTING_NAMES, InvalidSettingError, validateSettings } from '../engine/settings-validation.js';
import type { StorageOptions } from '../storage/index.js';
import type { DurableOptions } from './interfaces/durable-module-options.js';

/** Options with their defaults, checked. */
export interface ResolvedDurableOptions {
  readonly taskHub: string;
  readonly storage: StorageOptions;
  readonly worker: boolean;
  readonly settings: EngineSettings;
}

const DEFAULT_STORAGE: StorageOptions = { type: 'better-sqlite3', database: 'durable.sqlite' };
const STORAGE_TYPES: readonly unknown[] = ['better-sqlite3', 'mysql', 'mariadb'];
const TASK_HUB = /^[A-Za-z][A-Za-z0-9]{2,44}$/;
const KNOWN: readonly string[] = ['taskHub', 'storage', 'worker', ...ENGINE_SETTING_NAMES];

/**
 * Checks what was given to `forRoot` or came from `forRootAsync`'s factory, and completes it.
 * @throws {InvalidSettingError}
 */
export function resolveDurableOptions(given: DurableOptions): ResolvedDurableOptions {
  if (typeof given !== 'object' || given === null) throw InvalidSettingError.ofValue('(all)', given, 'an object of settings');
  const unknown = Object.keys(given).find((name) => !KNOWN.includes(name));
  if (unknown !== undefined) throw new InvalidSettingError(unknown, refusal(unknown));

  const { taskHub = 'DurableHub', storage = DEFAULT_STORAGE, worker = true, ...settings } = given;
  if (typeof taskHub !== 'string' || !TASK_HUB.test(taskHub)) {
    throw InvalidSettingError.ofValue('taskHub', taskHub, 'a letter followed by letters and digits, 3 to 45 characters');
  }
  const storageType: unknown = storage?.type;
  if (!STORAGE_TYPES.includes(storageType)) {
    throw InvalidSettingError.ofValue('storage.type', storageType, `one of ${STORAGE_TYPES.join(', ')}`);
  }
  if (typeof worker !== 'boolean') throw InvalidSettingError.ofValue('worker', worker, 'true or false');
  return { taskHub, storage, worker, settings: validateSettings(settings) };
}

function refusal(name: string): string {
  return name === 'name' || name === 'isGlobal'
    ? 'shapes the module graph: give it beside useFactory, useClass or useExisting, not in their answer'
    : `does not exist; known are ${KNOWN.join(', ')}`;
}
