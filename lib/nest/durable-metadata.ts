import 'reflect-metadata';
import { DEFAULT_HUB } from './durable.constants.js';

export type HandlerKind = 'orchestrator' | 'activity';

/** What a durable decorator wrote on a method. */
export interface HandlerMetadata {
  readonly kind: HandlerKind;
  readonly name: string;
  readonly version?: string;
  /** Name of the registration that it belongs to. */
  readonly hub: string;
}

export interface HandlerOptions {
  readonly name?: string;
  readonly version?: string;
  readonly hub?: string;
}

export type Method = (this: unknown, ...args: unknown[]) => unknown;

/** A decorated method, found again. */
export interface DecoratedMethod {
  readonly metadata: HandlerMetadata;
  /** The function that the decorator was put on. */
  readonly decorated: Method;
}

const METADATA_KEY = 'nestjs-durable:handler';
/** What the storage keeps of a name. */
const MAX_NAME_LENGTH = 255;

/**
 * Marks a method as a durable handler; the decorators' only way to do so.
 * @throws {Error} when the method has a durable decorator already, or is one that cannot be found at start.
 */
export function defineHandler(
  kind: HandlerKind, target: object, key: string | symbol, method: unknown, options: HandlerOptions,
): void {
  const decorator = `@${capitalized(kind)}()`;
  const where = `${className(target)}.${String(key)}`;
  if (typeof target === 'function' || typeof key === 'symbol' || typeof method !== 'function') {
    throw new Error(`${decorator} on ${where}: it must decorate an instance method with a plain name.`);
  }
  const earlier = findHandler(target, key)?.metadata;
  if (earlier !== undefined) {
    throw new Error(
      `${decorator} on ${where}: the method is decorated with @${capitalized(earlier.kind)}() already. ` +
        'A method takes one durable decorator; move one of the two to a method of its own.',
    );
  }
  for (const [option, value] of Object.entries(options)) {
    if (value !== undefined && (typeof value !== 'string' || value === '' || value.length > MAX_NAME_LENGTH)) {
      throw new Error(`${decorator} on ${where}: '${option}' must be a string of 1 to ${MAX_NAME_LENGTH} characters.`);
    }
  }
  const metadata: HandlerMetadata = {
    kind, name: options.name ?? key, version: options.version, hub: options.hub ?? DEFAULT_HUB,
  };
  // On the function, so that it survives being copied to another class; on the method's place, so that it survives being
  // replaced by a decorator further up or by an instrumentation.
  Reflect.defineMetadata(METADATA_KEY, metadata, method);
  Reflect.defineMetadata(METADATA_KEY, { metadata, decorated: method as Method } satisfies DecoratedMethod, target, key);
}

/** What the decorator of a class's method wrote, if it has one. A method that a subclass overrides is another method. */
export function findHandler(prototype: object, methodName: string): DecoratedMethod | undefined {
  const current: unknown = (prototype as Record<string, unknown>)[methodName];
  if (typeof current !== 'function') return undefined;
  const metadata = Reflect.getOwnMetadata(METADATA_KEY, current) as HandlerMetadata | undefined;
  if (metadata !== undefined) return { metadata, decorated: current as Method };
  const owner = ownerOf(prototype, methodName);
  return owner && (Reflect.getOwnMetadata(METADATA_KEY, owner, methodName) as DecoratedMethod | undefined);
}

function ownerOf(prototype: object, methodName: string): object | undefined {
  let owner: object | null = prototype;
  while (owner !== null && !Object.hasOwn(owner, methodName)) owner = Object.getPrototypeOf(owner) as object | null;
  return owner ?? undefined;
}

function className(target: object): string {
  return typeof target === 'function' ? target.name : target.constructor.name;
}

function capitalized(kind: HandlerKind): string {
  return kind === 'orchestrator' ? 'Orchestrator' : 'Activity';
}
