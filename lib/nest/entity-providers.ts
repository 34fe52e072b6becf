import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import { getMetadataArgsStorage } from 'typeorm';
import { operationsOf, TaskEntity } from '../core/index.js';
import { findEntityClass, isGeneratorFunction, type HandlerMetadata, type Method } from './durable-metadata.js';
import { InvalidHandlerError, MESSAGES, type HandlerPlace } from './durable.messages.js';
import { moduleNameOf, ownPrototype, tokenPrototype } from './provider-handlers.js';

/** A provider that is an entity in class form. */
export interface EntityProvider {
  readonly wrapper: InstanceWrapper;
  readonly metadata: HandlerMetadata;
  readonly place: HandlerPlace;
  /** Prototype of the decorated class: of the provider's own, or of the token that it stands in for. */
  readonly prototype: Readonly<Record<string, Method>>;
  /** Names of the methods that are operations, by their names in lower case. */
  readonly operations: ReadonlyMap<string, string>;
}

/**
 * The entity that a provider is, if it is one.
 * @throws {InvalidHandlerError} when it is one that cannot work
 */
export function entityOf(wrapper: InstanceWrapper): EntityProvider | undefined {
  const own = ownPrototype(wrapper);
  const prototype = [own, tokenPrototype(wrapper)].find((candidate) => candidate && findEntityClass(candidate));
  if (own instanceof TaskEntity) refuseWrongDecorator(own, wrapper, prototype !== undefined);
  if (prototype === undefined) return undefined;
  const metadata = findEntityClass(prototype)!;
  const place = placeIn(wrapper, prototype);
  if (!(prototype instanceof TaskEntity)) throw new InvalidHandlerError(MESSAGES.notTaskEntity(place, metadata));
  // A stand-in that is none has no fields which entities could share by mistake.
  if (wrapper.isNotMetatype && own instanceof TaskEntity) throw new InvalidHandlerError(MESSAGES.sharedEntityObject(place, metadata));
  const methods = prototype as unknown as Readonly<Record<string, Method>>;
  return { wrapper, metadata, place, prototype: methods, operations: checkedOperations(methods, place, metadata) };
}

function refuseWrongDecorator(own: object, wrapper: InstanceWrapper, isDecorated: boolean): void {
  const place = placeIn(wrapper, own);
  if (getMetadataArgsStorage().tables.some(({ target }) => target === own.constructor)) {
    throw new InvalidHandlerError(MESSAGES.foreignEntityDecorator(place));
  }
  if (!isDecorated) throw new InvalidHandlerError(MESSAGES.undecoratedEntity(place));
}

function checkedOperations(
  prototype: Readonly<Record<string, Method>>, place: HandlerPlace, metadata: HandlerMetadata,
): ReadonlyMap<string, string> {
  let operations: ReadonlyMap<string, string>;
  try {
    operations = operationsOf(prototype);
  } catch (error) {
    throw new InvalidHandlerError(MESSAGES.ambiguousOperations(place, metadata, (error as Error).message));
  }
  const generator = [...operations.values()].find((name) => isGeneratorFunction(prototype[name]!));
  if (generator !== undefined) throw new InvalidHandlerError(MESSAGES.generatorOperation(place, metadata, generator));
  return operations;
}

function placeIn(wrapper: InstanceWrapper, prototype: object): HandlerPlace {
  return { moduleName: moduleNameOf(wrapper), className: prototype.constructor.name };
}
