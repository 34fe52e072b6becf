import { InvalidInstanceIdError } from './errors.js';
import { validateIdText } from './ids.js';

/**
 * Name and key of an entity, written `@name@key` [N1]. The name ignores case and is kept in lower case; the key is taken as it is.
 */
export class EntityId {
  readonly name: string;
  readonly key: string;

  /**
   * @throws InvalidInstanceIdError when name or key is empty, the name holds `@`, or `@name@key` has more than 255 characters or
   * holds `/ \ # ?` or control characters
   */
  constructor(name: string, key: string) {
    for (const [part, value] of [['name', name], ['key', key]] as const) {
      if (typeof value !== 'string' || value === '') throw new InvalidInstanceIdError(`@${name}@${key}`, `the ${part} of an entity must be a string that is not empty`);
    }
    if (name.includes('@')) throw new InvalidInstanceIdError(`@${name}@${key}`, "the name of an entity must not hold '@'");
    this.name = name.toLowerCase();
    this.key = key;
    validateIdText(this.toString());
  }

  /**
   * The id that is written so.
   * @throws InvalidInstanceIdError when `id` is no `@name@key`
   */
  static parse(id: string): EntityId {
    const end = typeof id === 'string' && id.startsWith('@') ? id.indexOf('@', 1) : -1;
    if (end === -1) throw new InvalidInstanceIdError(String(id), "the id of an entity is written '@name@key'");
    return new EntityId(id.slice(1, end), id.slice(end + 1));
  }

  toString(): string {
    return `@${this.name}@${this.key}`;
  }

  toJSON(): string {
    return this.toString();
  }
}

/** The name in the id of an entity as the database has it. Never throws: of one that is damaged, what there is of it. */
export function entityNameOf(instanceId: string): string {
  return instanceId.split('@')[1] ?? '';
}

/** Whether an id in the database is that of an entity: ids of orchestrations never begin with `@` [N1]. */
export function isEntityId(instanceId: string): boolean {
  return instanceId.startsWith('@');
}
