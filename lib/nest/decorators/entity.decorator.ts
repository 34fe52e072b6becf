import type { EntityContext, HandlerClass, TaskEntity } from '../../core/index.js';
import { defineEntityClass, defineHandler } from '../durable-metadata.js';

/** Options of {@link Entity}. */
export interface EntityDecoratorOptions {
  /** Name in the ids of its entities, `new EntityId(name, key)`; case does not matter. Default: the name of the class, or of the method. */
  readonly name?: string;
  /** Name of the `DurableModule` registration that it belongs to. Default: the default one. */
  readonly hub?: string;
}

/** What a method must look like to be an entity; anything else is a type whose only key says what is wrong. */
type CheckedEntity<T> = T extends (ctx: EntityContext<any>) => infer R
  ? Parameters<T>['length'] extends 0 | 1
    ? CheckedResult<R>
    : { 'an entity takes an EntityContext, nothing more': never }
  : { 'an entity takes (ctx: EntityContext)': never };

/** `any`, and `never` of one that always throws, say nothing. */
type CheckedResult<R> = 0 extends 1 & R
  ? unknown
  : [R] extends [never]
    ? unknown
    : [Awaited<R>] extends [void]
      ? unknown
      : { 'an entity answers with ctx.return(value) and returns nothing': never };

/** What {@link Entity} gives: it decorates a class or a method. */
export interface EntityDecorator {
  /** Makes a provider's class an entity in class form [N3]; it extends {@link TaskEntity}. */
  <T extends HandlerClass<TaskEntity<any>>>(type: T): void;
  /** Makes a method of a provider an entity in function form [N2]. */
  <T>(target: object, key: string | symbol, descriptor: TypedPropertyDescriptor<T> & CheckedEntity<T>): void;
}

/**
 * Makes an entity: of a class that extends {@link TaskEntity}, whose methods are its operations and of which each entity has an
 * object of its own [N3]; or of a method `(ctx: EntityContext) => void`, synchronous or not, which carries out all
 * operations [N2]. An entity carries out one operation at a time [N4].
 */
export function Entity(options: EntityDecoratorOptions = {}): EntityDecorator {
  return (target: object, key?: string | symbol, descriptor?: TypedPropertyDescriptor<unknown>): void => {
    if (key === undefined) defineEntityClass(target as HandlerClass<unknown>, options);
    else defineHandler('entity', target, key, descriptor?.value, options);
  };
}
