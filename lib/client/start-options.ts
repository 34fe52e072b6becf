import type { EntityManager } from 'typeorm';
import { checkedTags, isReservedName, RESERVED_NAME, serialize, validateInstanceId } from '../core/index.js';
import type { OnConflict } from '../storage/store.js';
import type { NewInstance } from './host.js';

/** Options of a start without its input: for the typed starters of {@link DurableClient.orchestrators}. */
export interface StartOptions {
  /** An id of one's own, 1–255 characters without `/ \ # ?` and control characters, not beginning with `@` [N1]. Default: a new one. */
  readonly instanceId?: string;
  /** Which version of the orchestrator. Default: the module's `defaultVersion`, else the handler without a version [Y5]. */
  readonly version?: string;
  /** Labels to find the instance by: at most 100, and 16 KB as JSON. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Not to begin before this moment: a `Date`, or epoch milliseconds. */
  readonly startAt?: Date | number;
  /**
   * What to do when the id is in use. Default `replaceFinished`: fails unless that instance is finished, then replaces it.
   * `useExisting` returns the id whatever its state, `terminateAndReplace` ends the instance and starts anew (who waits for
   * the id waits for the new one), `reject` fails also when it is finished.
   */
  readonly onConflict?: OnConflict;
  /** Of an open transaction that the start is to be a part of, on MySQL and MariaDB; its database is the task hub's. */
  readonly entityManager?: EntityManager;
}

/** Options of {@link DurableClient.startNew}. */
export interface StartNewOptions extends StartOptions {
  /** JSON-serializable; `undefined` is no input. */
  readonly input?: unknown;
}

const CONFLICT_POLICIES: readonly unknown[] = ['replaceFinished', 'useExisting', 'terminateAndReplace', 'reject'];
/** The range of `Date`. */
const MAX_TIME = 8.64e15;

/**
 * Checks a start and brings it into the host's form.
 * @throws {InvalidInstanceIdError} {SerializationError} {PayloadTooLargeError} {TypeError}
 */
export function toNewInstance(name: string, options: StartNewOptions, maxPayloadBytes: number): NewInstance {
  const { instanceId, version, onConflict } = options;
  if (instanceId !== undefined) validateInstanceId(instanceId);
  const refuse = (what: string, value: unknown): never => {
    throw new TypeError(`startNew('${name}'): ${what}, but got ${String(value)}.`);
  };
  if (isReservedName(name)) throw new TypeError(`startNew('${name}') is not possible: ${RESERVED_NAME}.`);
  if (version !== undefined && typeof version !== 'string') refuse('version must be a string', version);
  if (onConflict !== undefined && !CONFLICT_POLICIES.includes(onConflict)) {
    refuse(`onConflict must be one of ${CONFLICT_POLICIES.join(', ')}`, onConflict);
  }
  return {
    name,
    instanceId,
    version,
    input: serialize(options.input, `the input of '${name}'`, maxPayloadBytes),
    tags: options.tags === undefined ? undefined : checkedTags(options.tags, `startNew('${name}')`),
    startAt: options.startAt === undefined ? undefined : epochMs(name, options.startAt),
  };
}

function epochMs(name: string, startAt: Date | number): number {
  const time = startAt instanceof Date ? startAt.getTime() : startAt;
  if (typeof time !== 'number' || !(Math.abs(time) <= MAX_TIME)) {
    throw new TypeError(`startNew('${name}'): startAt must be a valid Date or epoch milliseconds, but got ${String(startAt)}.`);
  }
  return Math.ceil(time);
}
