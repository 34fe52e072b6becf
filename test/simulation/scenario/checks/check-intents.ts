/** Whether what clients were told came true: an acknowledged call counts once, a refused one never, an unknown one once at most. */
import type { CallOutcome } from '../../contract.js';
import type { Intent, PlannedCall } from '../calls.js';
import { hasEnded, type Life } from './lives.js';

/** What a call may fail with in the course of things. */
const REFUSALS: readonly string[] = ['InstanceNotFoundError', 'InstanceNotRunningError', 'InvalidInstanceStateError', 'InstanceAlreadyExistsError', 'UnknownHandlerError', 'ModuleStoppedError'];

export interface Facts {
  readonly lives: readonly Life[];
  /** How many messages carried the event of this mark. */
  readonly timesRaised: (mark: string) => number;
  /** How many messages carried the operation of this id. */
  readonly timesSent: (id: string) => number;
}

export function checkIntents(outcomes: readonly CallOutcome[], facts: Facts): string[] {
  return outcomes.flatMap((outcome) => {
    const { call, kind, error } = outcome;
    const { title, intent } = call as PlannedCall;
    const problems = checkIntent(intent, outcome, facts);
    if (kind === 'failed' && error && !REFUSALS.includes(error.name) && !mayFailToRead(intent, error)) problems.push(`it failed with ${error.stack}`);
    return problems.map((problem) => `call '${title}' (${kind}): ${problem}`);
  });
}

/** These calls begin by reading, and reads are not repeated when the database is away. */
function mayFailToRead({ kind }: Intent, { name }: Error): boolean {
  return (kind === 'restart' || kind === 'purge') && name === 'TransientStoreError';
}

function checkIntent(intent: Intent, { kind, result }: CallOutcome, { lives, timesRaised, timesSent }: Facts): string[] {
  switch (intent.kind) {
    case 'start': {
      const { root, policy } = intent;
      const count = lives.filter(({ program }) => program.id === root.program.id).length;
      // It may have found an instance that it was content with, or was restarted since.
      const least = kind === 'answered' && policy !== 'useExisting' ? 1 : 0;
      return within(count, least, kind === 'failed' ? 0 : root.kind === 'restarted' ? 2 : 1, 'instances of it');
    }
    case 'raise':
      return within(timesRaised(intent.sending.mark), kind === 'answered' ? 1 : 0, kind === 'failed' ? 0 : 1, 'messages with the event');
    case 'signal':
      return within(timesSent(intent.operation.id), kind === 'answered' ? 1 : 0, kind === 'failed' ? 0 : 1, 'messages with the operation');
    default:
      return kind === 'answered' ? checkControl(intent, result, lives) : [];
  }
}

function checkControl({ kind, root }: Extract<Intent, { root: unknown }>, result: unknown, lives: readonly Life[]): string[] {
  const own = lives.filter(({ program }) => program.id === root.program.id);
  switch (kind) {
    case 'rewind':
      return own.every(({ last }) => last.status === 'Completed') ? [] : [`it was repaired and rewound, and is ${own.map(({ last }) => last.status).join()} [K8]`];
    case 'terminate':
      return own.every(hasEnded) ? [] : ['it has not ended [K4]'];
    case 'purge': {
      const purged = own.filter(({ gone }) => gone === 'purged').length;
      return within(purged, (result as { instancesDeleted: number }).instancesDeleted > 0 ? 1 : 0, 1, 'purged instances of it');
    }
    case 'restart':
      return within(own.length, 2, 2, 'instances of it');
    default:
      return [];
  }
}

function within(count: number, least: number, most: number, what: string): string[] {
  return count >= least && count <= most ? [] : [`there are ${count} ${what}, in place of ${least === most ? least : `${least} to ${most}`}`];
}
