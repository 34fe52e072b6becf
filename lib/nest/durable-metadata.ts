import 'reflect-metadata';
import { EntityId, isReservedName, RESERVED_NAME, type HandlerClass } from '../core/index.js';
import { DEFAULT_HUB } from './durable.constants.js';

export type HandlerKind = 'orchestrator' | 'activity' | 'entity';

/** What a durable decorator wrote on a method, or on an entity class. */
export interface HandlerMetadata {
  readonly kind: HandlerKind;
  /** Of an entity in lower case [N1]. */
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
  const decorator = decoratorOf(kind);
  const where = `${className(target)}.${String(key)}`;
  if (typeof target === 'function' || typeof key === 'symbol' || typeof method !== 'function') {
    throw new Error(`${decorator} on ${where}: it must decorate an instance method with a plain name.`);
  }
  const earlier = findHandler(target, key)?.metadata;
  if (earlier !== undefined) {
    throw new Error(
      `${decorator} on ${where}: the method is decorated with ${decoratorOf(earlier.kind)} already. ` +
        'A method takes one durable decorator; move one of the two to a method of its own.',
    );
  }
  const metadata = checkedMetadata(kind, key, options, where);
  // On the function, so that it survives being copied to another class; on the method's place, so that it survives being
  // replaced by a decorator further up or by an instrumentation.
  Reflect.defineMetadata(METADATA_KEY, metadata, method);
  Reflect.defineMetadata(METADATA_KEY, { metadata, decorated: method as Method } satisfies DecoratedMethod, target, key);
}

/** Marks a class as an entity in class form. What it must be is checked at start, where the module is known. */
export function defineEntityClass(type: HandlerClass<unknown>, options: HandlerOptions): void {
  if (findEntityClass(type.prototype as object) !== undefined) {
    throw new Error(`@Entity() on ${type.name}: the class is decorated with @Entity() already.`);
  }
  Reflect.defineMetadata(METADATA_KEY, checkedMetadata('entity', type.name, options, type.name), type.prototype as object);
}

/** What `@Entity()` wrote on a class; a subclass is another entity. */
export function findEntityClass(prototype: object): HandlerMetadata | undefined {
  return Reflect.getOwnMetadata(METADATA_KEY, prototype) as HandlerMetadata | undefined;
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

export function isGeneratorFunction(method: Method): boolean {
  return /^(Async)?GeneratorFunction$/.test(method.constructor.name);
}

function ownerOf(prototype: object, methodName: string): object | undefined {
  let owner: object | null = prototype;
  while (owner !== null && !Object.hasOwn(owner, methodName)) owner = Object.getPrototypeOf(owner) as object | null;
  return owner ?? undefined;
}

function className(target: object): string {
  return typeof target === 'function' ? target.name : target.constructor.name;
}

export function decoratorOf(kind: HandlerKind): string {
  return `@${kind.charAt(0).toUpperCase()}${kind.slice(1)}()`;
}

function checkedMetadata(kind: HandlerKind, defaultName: string, options: HandlerOptions, where: string): HandlerMetadata {
  for (const [option, value] of Object.entries(options)) {
    if (value !== undefined && (typeof value !== 'string' || value === '' || value.length > MAX_NAME_LENGTH)) {
      throw new Error(`${decoratorOf(kind)} on ${where}: '${option}' must be a string of 1 to ${MAX_NAME_LENGTH} characters.`);
    }
  }
  const { name = defaultName, version, hub = DEFAULT_HUB } = options;
  if (isReservedName(name)) throw new Error(`${decoratorOf(kind)} on ${where} cannot have the name '${name}': ${RESERVED_NAME}.`);
  return { kind, name: kind === 'entity' ? entityName(name, where) : name, version, hub };
}

function entityName(name: string, where: string): string {
  try {
    return new EntityId(name, 'key').name;
  } catch (error) {
    const problem = `the name '${name}' cannot be a part of entity ids, choose another one, @Entity({ name })`;
    throw new Error(`@Entity() on ${where}: ${problem}. ${(error as Error).message}`, { cause: error });
  }
}
