/**
 * Time and chance of the whole Node process come from the run: to be called before lib/ is loaded, since modules bind what they import.
 * Outside of a run's steps everything is as it was, so that the harness itself can wait.
 */
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import type { Random } from '../../chaos/random.js';
import type { Lane } from './lane.js';

/** What a run lends to the code of its processes. */
export interface Environment {
  /** Of the process whose step runs. */
  readonly lane: Lane | undefined;
  /** Epoch ms. */
  readonly time: number;
  /** As performance.now() and as Clock.monotonic(), for the process whose step runs. */
  monotonic(): number;
  readonly random: Random;
}

let environment: Environment | undefined;

/** Node's own. */
export const realImmediate = setImmediate;

/** From now on the environment decides; undefined: the real one does. */
export function enter(next: Environment | undefined): void {
  environment = next;
}

export function replaceGlobals(): void {
  replaceDate();
  replaceTimers();
  replaceChance();
}

function replaceDate(): void {
  const RealDate = Date;
  const now = () => environment?.time ?? RealDate.now();
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args: unknown[], type) => Reflect.construct(target, args.length === 0 ? [now()] : args, type) as object,
    get: (target, property, receiver) => (property === 'now' ? now : (Reflect.get(target, property, receiver) as unknown)),
  });
  const realNow = performance.now.bind(performance);
  performance.now = () => environment?.monotonic() ?? realNow();
}

function replaceTimers(): void {
  const realTimeout = setTimeout;
  const realClear = clearTimeout;
  const cancels = new WeakMap<object, () => void>();
  Object.assign(globalThis, {
    setImmediate: (run: (...args: unknown[]) => void, ...args: unknown[]) => {
      const lane = environment?.lane;
      return lane ? lane.immediate(() => run(...args)) : realImmediate(run, ...args);
    },
    setTimeout: (run: (...args: unknown[]) => void, delay?: number, ...args: unknown[]) => {
      const lane = environment?.lane;
      if (!lane) return realTimeout(run, delay, ...args);
      const handle = { unref: () => handle, ref: () => handle };
      cancels.set(handle, lane.after(delay ?? 0, () => run(...args)));
      return handle;
    },
    clearTimeout: (handle?: NodeJS.Timeout) => {
      const cancel = typeof handle === 'object' ? cancels.get(handle) : undefined;
      if (cancel) cancel();
      else realClear(handle);
    },
  });
}

function replaceChance(): void {
  const realRandom = Math.random;
  Math.random = () => environment?.random.next() ?? realRandom();
  const realBytes = crypto.webcrypto.getRandomValues.bind(crypto.webcrypto);
  const bytes = (array: Uint8Array) => {
    const { random } = environment ?? {};
    if (!random) return realBytes(array);
    for (let index = 0; index < array.length; index += 1) array[index] = random.between(0, 255);
    return array;
  };
  Object.defineProperty(globalThis.crypto, 'getRandomValues', { value: bytes });
  const realId = crypto.randomUUID;
  crypto.randomUUID = (options) => (environment ? uuidOf(environment.random) : realId(options));
  syncBuiltinESMExports();
}

function uuidOf(random: Random): ReturnType<typeof crypto.randomUUID> {
  const hex = (digits: number) => Array.from({ length: digits }, () => random.between(0, 15).toString(16)).join('');
  return `${hex(8)}-${hex(4)}-4${hex(3)}-${random.pick(['8', '9', 'a', 'b'])}${hex(3)}-${hex(12)}`;
}
