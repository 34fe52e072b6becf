import { toHistoryRecords } from '../../../lib/client/history-record.js';
import type { HistoryEvent } from '../../../lib/core/index.js';

const entityId = '@counter@a';
const history: HistoryEvent[] = [
  { type: 'OrchestratorStarted', timestamp: 5 },
  { type: 'EntityOperationCalled', taskId: 0, entityId, operation: 'add', input: '1' },
  { type: 'EntityOperationSignaled', taskId: 1, entityId, operation: 'add', input: '2', scheduledTime: 7 },
  { type: 'EntityLockRequested', taskId: 2, entityId },
  { type: 'EntityOperationCompleted', taskId: 0, result: '3' },
  { type: 'EntityLockGranted', taskId: 2 },
  { type: 'EntityUnlockSent', taskId: 3, entityId, lockTaskId: 2 },
];

describe('toHistoryRecords', () => {
  it('[Y4] [K2] shows what was done with entities: which, the operation, when, and which lock was given back', () => {
    const timestamp = new Date(5);
    expect(toHistoryRecords(history, false).slice(1)).toEqual([
      { eventType: 'EntityOperationCalled', timestamp, taskId: 0, instanceId: entityId, operation: 'add' },
      { eventType: 'EntityOperationSignaled', timestamp, taskId: 1, instanceId: entityId, operation: 'add', scheduledTime: new Date(7) },
      { eventType: 'EntityLockRequested', timestamp, taskId: 2, instanceId: entityId },
      { eventType: 'EntityOperationCompleted', timestamp, taskId: 0 },
      { eventType: 'EntityLockGranted', timestamp, taskId: 2 },
      { eventType: 'EntityUnlockSent', timestamp, taskId: 3, instanceId: entityId, lockTaskId: 2 },
    ]);
  });

  it('[K2] inputs and results only when they are asked for', () => {
    const shown = toHistoryRecords(history, true).map(({ input, result }) => input ?? result);
    expect(shown).toEqual([undefined, 1, 2, undefined, 3, undefined, undefined]);
  });
});
