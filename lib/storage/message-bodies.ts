import { INPUT_EVENT_TYPES } from '../core/history.js';
import { isCaller } from './entity-records.js';
import type { MessageBody } from './store.js';
import { isRecord, readStored } from './stored-json.js';

type Fields = Readonly<Record<string, unknown>>;

/** Whether a body has what the engine relies on, by its type. */
const IS_WHOLE: Readonly<Record<MessageBody['type'], (body: Fields) => boolean>> = {
  CreateInstance: ({ executionId, name }) => typeof executionId === 'string' && typeof name === 'string',
  RewindInstance: () => true,
  StartInstance: () => true,
  Deliver: ({ event }) => isRecord(event) && INPUT_EVENT_TYPES.has(String(event.type)),
  EntityOperation: ({ operation, caller }) => typeof operation === 'string' && (caller === undefined || isCaller(caller)),
  LockEntity: ({ holder }) => isCaller(holder),
  UnlockEntity: ({ holder }) => isCaller(holder),
  Unreadable: ({ reason }) => typeof reason === 'string',
};

/** The body of a stored message; one that cannot be read says so. */
export function readBody(text: string): MessageBody {
  let reason = '';
  const body = readStored<MessageBody>(text, 'a message of this version', isBody, (problem) => (reason = `its body ${problem}`));
  return body ?? { type: 'Unreadable', reason };
}

function isBody(value: unknown): boolean {
  if (!isRecord(value) || typeof value.type !== 'string' || !Object.hasOwn(IS_WHOLE, value.type)) return false;
  return IS_WHOLE[value.type as MessageBody['type']](value);
}
