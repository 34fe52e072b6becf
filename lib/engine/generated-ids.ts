/** Ids that this process makes. They begin with their time: rows of one time lie together. */
import { v7 as uuidV7 } from 'uuid';

export function newExecutionId(): string {
  return uuidV7();
}

/** For an instance that is started without an id of one's own. */
export function newInstanceId(): string {
  return uuidV7().replaceAll('-', '');
}
