/** What clients do to the instances of a scenario, and when. */
import { InstanceNotFoundError, InstanceNotRunningError, InvalidInstanceStateError, UnknownHandlerError, type DurableClient, type StartNewOptions } from '../../../lib/index.js';
import { list } from '../../chaos/plan.js';
import type { Random } from '../../chaos/random.js';
import type { TimedCall, VirtualProcess } from '../contract.js';
import { KEYS } from './generate.js';
import { firstInput, ledger } from './interpreter.js';
import { allSteps, leavesOf, PROGRAM, type Operation, type Program, type Sending } from './program.js';
import type { Root } from './roots.js';

/** What a call is about, for the checker. */
export type Intent =
  | { readonly kind: 'start'; readonly root: Root; readonly policy: StartPolicy }
  | { readonly kind: 'raise'; readonly root: Root; readonly sending: Sending }
  | { readonly kind: 'signal'; readonly operation: Operation; readonly delay?: number }
  | { readonly kind: 'suspend' | 'resume' | 'terminate' | 'rewind' | 'purge' | 'restart'; readonly root: Root };

export type StartPolicy = NonNullable<StartNewOptions['onConflict']>;

export interface PlannedCall extends TimedCall {
  readonly intent: Intent;
}

type Caller = Pick<VirtualProcess, 'sleep'>;

/** Of one program. */
export const MAX_REWINDS = 2;
/** Within this time all calls begin, ms. */
const TRAFFIC = 30_000;
const POLICIES: readonly StartPolicy[] = ['replaceFinished', 'useExisting', 'terminateAndReplace', 'reject'];

/** @param repair makes what is flawed in a program work from now on */
export function planCalls(roots: readonly Root[], random: Random, repair: (program: Program) => void): PlannedCall[] {
  return [...roots.flatMap((root) => new RootCalls(root, random, repair).plan()), ...planSignals(random)];
}

function planSignals(random: Random): PlannedCall[] {
  let at = 0;
  return list(random.between(0, 6), (index) => {
    at += random.between(1, 5_000);
    const from = random.chance(0.7) ? 'client' : 'worker';
    const delay = random.chance(0.3) ? random.between(0, 20_000) : undefined;
    const amount = random.between(-40, 40);
    const operation: Operation = { key: random.pick(KEYS), id: `${from}.${index}`, amount, ms: 0, ...(amount < 0 && random.chance(0.5) && { isGuarded: true }) };
    return {
      at, from, title: `signal ${operation.id} to '${operation.key}'`, intent: { kind: 'signal', operation, delay },
      run: (client) => client.signalEntity(ledger(operation.key), 'apply', operation, delay === undefined ? {} : { scheduledTime: new Date(Date.now() + delay) }),
    };
  });
}

class RootCalls {
  private readonly calls: PlannedCall[] = [];
  private settle!: () => void;
  /** The client's start has been answered. */
  private readonly started = new Promise<void>((resolve) => (this.settle = resolve));

  constructor(private readonly root: Root, private readonly random: Random, private readonly repair: (program: Program) => void) {}

  plan(): readonly PlannedCall[] {
    const { random, root } = this;
    const begin = random.between(0, TRAFFIC / 2);
    this.start(begin);
    switch (root.kind) {
      case 'steady':
        this.feed(begin);
        if (random.chance(0.4)) this.suspend(begin + random.between(0, 10_000));
        break;
      case 'doomed':
        this.terminate(begin + random.between(0, TRAFFIC / 2));
        if (random.chance(0.3)) this.suspend(begin + random.between(0, 10_000));
        break;
      case 'flawed':
        this.feed(begin);
        this.rewind(begin);
        break;
      case 'purged':
        this.purge(begin);
        break;
      case 'restarted':
        this.restart(begin);
        break;
      default:
    }
    return this.calls;
  }

  private start(at: number): void {
    const { random, root } = this;
    const { program, instanceId, kind } = root;
    const policy = kind === 'contested' ? random.pick(POLICIES) : 'reject';
    const delay = random.chance(0.15) ? random.between(0, 10_000) : undefined;
    const isLoose = kind === 'loose' || kind === 'contested';
    const from = isLoose && random.chance(0.5) ? 'worker' : 'client';
    this.calls.push({
      at: kind === 'contested' ? random.between(0, TRAFFIC) : at, from, title: `start ${program.id} as ${instanceId ? `'${instanceId}'` : 'a new one'} (${policy})`,
      intent: { kind: 'start', root, policy },
      run: async (client, process) => {
        const startAt = delay === undefined ? undefined : new Date(Date.now() + delay);
        try {
          return await startPatiently(client, process, { instanceId, input: firstInput(program), onConflict: policy, startAt });
        } finally {
          this.settle();
        }
      },
    });
  }

  /** As many events as the program has waits: whichever of them get one, none waits in vain. */
  private feed(begin: number): void {
    const { random, root } = this;
    const { program, instanceId } = root;
    let at = begin;
    const waits = [...allSteps(program)].flatMap((step) => ('work' in step ? leavesOf(step.work) : [])).filter((leaf) => leaf.kind === 'wait');
    for (const [index, { event }] of waits.entries()) {
      at += random.between(0, 4_000);
      const sending: Sending = { to: instanceId!, event, mark: `e.${program.id}.${index}` };
      this.add('raise', at, 'client', { kind: 'raise', root, sending }, (client) => client.raiseEvent(sending.to, sending.event, sending.mark));
    }
    // Some that nothing counts on, from processes that may die.
    for (let extra = waits.length; random.chance(0.3); extra += 1) {
      const sending: Sending = { to: instanceId!, event: random.pick(['GO', 'stop', 'other']), mark: `e.${program.id}.${extra}` };
      this.add('raise', begin + random.between(0, TRAFFIC / 2), 'worker', { kind: 'raise', root, sending }, (client) => client.raiseEvent(sending.to, sending.event, sending.mark));
    }
  }

  private suspend(at: number): void {
    const { random, root } = this;
    const id = root.instanceId!;
    this.add('suspend', at, random.chance(0.5) ? 'client' : 'worker', { kind: 'suspend', root }, (client) => client.suspend(id, 'for a while'));
    this.add('resume', at + random.between(0, 10_000), 'client', { kind: 'resume', root }, (client, process) => resumeUntilFinished(client, process, id));
  }

  private terminate(at: number): void {
    const { random, root } = this;
    const recursive = random.chance(0.5);
    this.add('terminate', at, random.chance(0.7) ? 'client' : 'worker', { kind: 'terminate', root }, (client) => client.terminate(root.instanceId!, 'enough', { recursive }));
  }

  private rewind(begin: number): void {
    const { root } = this;
    this.add('rewind', begin, 'client', { kind: 'rewind', root }, async (client) => {
      await client.waitForCompletion(root.instanceId!);
      // Once in vain now and then: what is flawed fails again.
      if (this.random.chance(0.3)) {
        await client.rewind(root.instanceId!, 'too early');
        await client.waitForCompletion(root.instanceId!);
      }
      this.repair(root.program);
      await client.rewind(root.instanceId!, 'repaired');
    });
  }

  private purge(begin: number): void {
    const { random, root } = this;
    const recursive = random.chance(0.5);
    this.add('purge', begin, 'client', { kind: 'purge', root }, async (client) => {
      await client.waitForCompletion(root.instanceId!);
      return client.purgeInstanceHistory(root.instanceId!, { recursive });
    });
  }

  private restart(begin: number): void {
    const { random, root } = this;
    const newInstanceId = random.chance(0.5);
    this.add('restart', begin, 'client', { kind: 'restart', root }, async (client, process) => {
      await client.waitForCompletion(root.instanceId!);
      return untilKnown(process, () => client.restart(root.instanceId!, { newInstanceId }));
    });
  }

  private add(name: string, at: number, from: TimedCall['from'], intent: Intent, run: TimedCall['run']): void {
    const title = `${name} '${this.root.instanceId}'${intent.kind === 'raise' ? ` ${intent.sending.event} ${intent.sending.mark}` : ''}`;
    this.calls.push({
      at, from, title, intent,
      run: async (client, process) => {
        if (from === 'client') await this.started;
        return run(client, process);
      },
    });
  }
}

function startPatiently(client: DurableClient, process: Caller, options: StartNewOptions): Promise<string> {
  return untilKnown(process, () => client.startNew(PROGRAM, options));
}

/** While every worker is dead nobody is known to have the orchestrator [K1]. */
async function untilKnown<T>(process: Caller, call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof UnknownHandlerError)) throw error;
      await process.sleep(1_000);
    }
  }
}

/** A suspend may still be on its way, so one resume is not enough. */
async function resumeUntilFinished(client: DurableClient, process: Caller, instanceId: string): Promise<void> {
  for (;;) {
    try {
      await client.resume(instanceId, 'go on');
    } catch (error) {
      if (error instanceof InstanceNotFoundError || error instanceof InstanceNotRunningError) return;
      if (!(error instanceof InvalidInstanceStateError)) throw error;
    }
    await process.sleep(1_000);
  }
}
