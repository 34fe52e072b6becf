import { operationNames, operationsOf, TaskEntity, type EntityClass, type HandlerClass } from '../core/index.js';
import { findEntityClass } from './durable-metadata.js';

type AnyClass = HandlerClass<unknown>;

/**
 * What the decorators of entity classes say, remembered for each class. It comes from the decorators alone, so that stubs work
 * also where the class is no provider: in a process that is client only.
 */
export class KnownEntityClasses {
  private readonly known = new WeakMap<AnyClass, EntityClass>();

  /** @param hub name of the registration whose entities they are */
  constructor(private readonly hub: string) {}

  /** @throws {TypeError} when it is no entity of the registration */
  of(type: AnyClass): EntityClass {
    const earlier = this.known.get(type);
    if (earlier !== undefined) return earlier;
    const entity = this.entityClass(type);
    this.known.set(type, entity);
    return entity;
  }

  private entityClass(type: AnyClass): EntityClass {
    const prototype: unknown = typeof type === 'function' ? type.prototype : undefined;
    const metadata = prototype instanceof TaskEntity ? findEntityClass(prototype) : undefined;
    if (metadata === undefined) {
      throw new TypeError(
        `${nameOf(type)} is no entity class: a stub takes a class that extends TaskEntity and has @Entity() itself. ` +
          'Of an entity in function form take the id, new EntityId(name, key).',
      );
    }
    if (metadata.hub !== this.hub) {
      throw new TypeError(
        `${nameOf(type)} is an entity of the registration '${metadata.hub}', and this one is '${this.hub}': ` +
          `use the client of that one, @InjectDurableClient('${metadata.hub}').`,
      );
    }
    return { name: metadata.name, operations: operationNames(operationsOf(prototype as object)) };
  }
}

function nameOf(type: unknown): string {
  return typeof type === 'function' ? type.name : String(type);
}
