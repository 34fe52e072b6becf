import type { EngineSettings } from '../engine/settings.js';
import { ENGINE_SETTING_NAMES, InvalidSettingError, validateSettings, withoutUndefined } from '../engine/settings-validation.js';
import type { DurableOptions, DurableStorageOptions } from './interfaces/durable-module-options.js';
import { DEFAULT_ENHANCERS, type EnhancerOptions } from './interfaces/enhancer-options.js';
import { resolveStorage } from './storage-setting.js';
import { adviceOn } from './unknown-settings.js';

/** Options with their defaults, checked. */
export interface ResolvedDurableOptions {
  readonly taskHub: string;
  readonly storage: DurableStorageOptions;
  readonly worker: boolean;
  readonly enhancers: Required<EnhancerOptions>;
  readonly settings: EngineSettings;
}

const TASK_HUB = /^[A-Za-z][A-Za-z0-9]{2,44}$/;
const KNOWN: readonly string[] = ['taskHub', 'storage', 'worker', 'enhancers', ...ENGINE_SETTING_NAMES];

/**
 * Checks what was given to `forRoot` or came from `forRootAsync`'s factory, and completes it.
 * @throws {InvalidSettingError}
 */
export function resolveDurableOptions(given: DurableOptions): ResolvedDurableOptions {
  if (!isPlain(given)) throw InvalidSettingError.ofValue('options', given, 'an object of settings');
  const unknown = Object.keys(given).find((name) => !KNOWN.includes(name));
  if (unknown !== undefined) throw new InvalidSettingError(unknown, adviceOn(unknown, KNOWN));

  const { taskHub = 'DurableHub', worker = true, storage: givenStorage, enhancers, ...settings } = given;
  if (typeof taskHub !== 'string' || !TASK_HUB.test(taskHub)) {
    throw InvalidSettingError.ofValue('taskHub', taskHub, 'a letter followed by letters and digits, 3 to 45 characters');
  }
  const storage = resolveStorage(givenStorage);
  if (typeof worker !== 'boolean') throw InvalidSettingError.ofValue('worker', worker, 'true or false');
  if (!worker && 'database' in storage && storage.database === ':memory:') {
    throw InvalidSettingError.ofValue('worker', worker, "true with the database ':memory:', which no other process can work on");
  }
  return { taskHub, storage, worker, enhancers: resolveEnhancers(enhancers), settings: validateSettings(settings) };
}

function resolveEnhancers(given: EnhancerOptions = {}): Required<EnhancerOptions> {
  const kinds = Object.keys(DEFAULT_ENHANCERS);
  if (!isPlain(given)) {
    throw InvalidSettingError.ofValue('enhancers', given, `an object of ${kinds.join(', ')}, each true or false`);
  }
  for (const [kind, value] of Object.entries(given) as [string, unknown][]) {
    if (!kinds.includes(kind)) throw new InvalidSettingError(`enhancers.${kind}`, adviceOn(kind, kinds));
    if (value !== undefined && typeof value !== 'boolean') throw InvalidSettingError.ofValue(`enhancers.${kind}`, value, 'true or false');
  }
  return { ...DEFAULT_ENHANCERS, ...withoutUndefined(given) };
}

function isPlain(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
