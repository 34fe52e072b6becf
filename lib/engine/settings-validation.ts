import { DEFAULT_SETTINGS, type EngineSettings, type Retention } from './settings.js';

/** A setting of the module is unknown, of the wrong type or out of its range. */
export class InvalidSettingError extends Error {
  override readonly name = 'InvalidSettingError';

  constructor(readonly setting: string, problem: string) {
    super(`DurableModule: the setting '${setting}' ${problem}.`);
  }

  static ofValue(setting: string, value: unknown, expected: string): InvalidSettingError {
    return new InvalidSettingError(setting, `is ${describe(value)}, but it must be ${expected}`);
  }
}

type NumericSetting = 'entityOperationTimeout' | 'maxBacklog' | { [K in keyof EngineSettings]-?: EngineSettings[K] extends number ? K : never }[keyof EngineSettings];

const RANGES: Readonly<Record<NumericSetting, readonly [minimum: number, maximum: number]>> = {
  partitionCount: [1, 64],
  maxConcurrentActivityFunctions: [1, 100_000],
  maxConcurrentEntityFunctions: [1, 100_000],
  maxEntityOperationBatchSize: [1, 10_000],
  entityOperationTimeout: [1, 86_400_000],
  maxConcurrentOrchestratorFunctions: [1, 100_000],
  maxCachedInstances: [0, 1_000_000],
  maxPollingInterval: [1, 60_000],
  leaseDuration: [250, 600_000],
  maxOrchestrationActions: [1, 10_000_000],
  maxPayloadBytes: [1_024, 256 * 1024 * 1024],
  maxDispatchCount: [1, 1_000],
  maxTimerInterval: [1, 86_400_000],
  shutdownTimeout: [0, 3_600_000],
  maxBacklog: [1, 1_000_000],
};

/** Whoever waits for the end of an instance has seen it after the one; the other is ten years. */
const RETENTION_RANGE = [60_000, 315_360_000_000] as const;
const RETAINED: readonly string[] = ['completed', 'failed', 'terminated'] satisfies (keyof Retention)[];

/** What the storage keeps of a version, as of a name. */
const MAX_VERSION_LENGTH = 255;

/** Names of the settings that {@link validateSettings} takes. */
export const ENGINE_SETTING_NAMES: readonly (keyof EngineSettings)[] = [
  ...(Object.keys(RANGES) as NumericSetting[]), 'extendedSessionsEnabled', 'defaultVersion', 'retention',
];

/**
 * Completes the settings with their defaults; a setting that is `undefined` counts as absent.
 * @throws {InvalidSettingError} naming the setting, its value and what is allowed.
 */
export function validateSettings(given: Partial<EngineSettings>): EngineSettings {
  const settings = { ...DEFAULT_SETTINGS, ...withoutUndefined(given) };
  for (const [name, [minimum, maximum]] of Object.entries(RANGES) as [NumericSetting, readonly [number, number]][]) {
    const value: unknown = settings[name];
    if (value !== undefined) checkNumber(name, value, minimum, maximum);
  }
  if (typeof settings.extendedSessionsEnabled !== 'boolean') {
    throw InvalidSettingError.ofValue('extendedSessionsEnabled', settings.extendedSessionsEnabled, 'true or false');
  }
  const version: unknown = settings.defaultVersion;
  if (version !== undefined && (typeof version !== 'string' || version === '' || version.length > MAX_VERSION_LENGTH)) {
    throw InvalidSettingError.ofValue('defaultVersion', version, `a string of 1 to ${MAX_VERSION_LENGTH} characters, or absent`);
  }
  return settings.retention === undefined ? settings : { ...settings, retention: checkedRetention(settings.retention) };
}

function checkedRetention(given: unknown): Retention {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw InvalidSettingError.ofValue('retention', given, `an object of ${RETAINED.join(', ')}, each in milliseconds`);
  }
  const retention = withoutUndefined(given);
  for (const [status, value] of Object.entries(retention) as [string, unknown][]) {
    if (!RETAINED.includes(status)) throw new InvalidSettingError(`retention.${status}`, `does not exist; known are ${RETAINED.join(', ')}`);
    checkNumber(`retention.${status}`, value, ...RETENTION_RANGE);
  }
  return retention;
}

function checkNumber(setting: string, value: unknown, minimum: number, maximum: number): void {
  if (Number.isInteger(value) && (value as number) >= minimum && (value as number) <= maximum) return;
  throw InvalidSettingError.ofValue(setting, value, `a whole number from ${minimum} to ${maximum}`);
}

/** A setting that is `undefined` counts as absent. */
export function withoutUndefined<T extends object>(given: T): Partial<T> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<T>;
}

function describe(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'function') return 'a function';
  return typeof value === 'object' && value !== null ? `an object (${Object.keys(value).join(', ')})` : String(value);
}
