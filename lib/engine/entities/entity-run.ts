/**
 * One run of an entity that has something to do: takes up what waits for it, in order, and writes what came of it. Operations run
 * one after the other [N4]; what they lead to is written together, and a slow one is not waited for.
 */
import type { OperationOutcome } from '../../core/entity-execution.js';
import type { DurableLogger } from '../../core/logger.js';
import type { Cancel, Clock } from '../clock.js';
import type { EntityDefinition } from '../handlers.js';
import type { EntityAdmission } from './entity-admission.js';
import { operationOf, type WaitingMessage } from './entity-line.js';
import type { EntitySlot } from './entity-slot.js';
import { EntityStep, type EntityStepContext } from './entity-step.js';
import type { EntityWriter } from './entity-writer.js';
import type { OperationRunner } from './operation-runner.js';

export interface EntityRunPort {
  readonly clock: Clock;
  readonly log: DurableLogger;
  readonly context: EntityStepContext;
  readonly writer: EntityWriter;
  readonly operations: OperationRunner;
  readonly admission: EntityAdmission;
  readonly maxBatchSize: number;
  /** Engine time, epoch ms. */
  now(): number;
  /** Whether another operation may begin. */
  mayGoOn(slot: EntitySlot): boolean;
  /** An operation of the entity goes on for so long that what arrives meanwhile must not stay in the inbox. */
  heldUp(slot: EntitySlot): void;
  /** An operation of the entity goes on for so long that it may never end. */
  outlasts(slot: EntitySlot): void;
}

/** How long what operations led to waits for the next ones, ms. */
const BATCH_TIME = 10;
/** Bytes of results and actions that are written together, about. */
const MAX_BATCH_WEIGHT = 1024 * 1024;
/** After so long an operation is a long one, ms. */
const HELD_UP_AFTER = 100;
/** After so long nothing waits for its end, and a suspect is not left alone any more [Y8], ms. */
const OUTLASTS_AFTER = 5_000;

export class EntityRun {
  private step: EntityStep;
  private readonly endsAt: number;

  constructor(private readonly slot: EntitySlot, private readonly port: EntityRunPort) {
    this.endsAt = port.clock.monotonic() + BATCH_TIME;
    this.step = this.newStep();
    this.step.prepare(port.now());
  }

  /** Carries out what may be carried out, and writes it. */
  async carryOut(definition: EntityDefinition): Promise<'done'> {
    const { slot, port } = this;
    let cancelTime: Cancel | undefined;
    const timeUp = new Promise<void>((resolve) => {
      cancelTime = port.clock.after(BATCH_TIME, resolve);
    });
    for (let entry = this.next(); entry; entry = this.next()) {
      const { body } = entry.message;
      if (body.type === 'EntityOperation') await this.operate(definition, entry, timeUp);
      else if (body.type === 'LockEntity') this.step.grant(entry, body.holder);
      else {
        this.step.take(entry);
        if (body.type === 'Unreadable') port.log.error(`A message for entity '${slot.instanceId}' cannot be read, and was dropped: ${body.reason}.`);
        else port.log.warn(`A message ${body.type} for entity '${slot.instanceId}' was dropped: it is for orchestrations.`);
      }
    }
    cancelTime?.();
    await this.submit();
    return 'done';
  }

  /** Writes what `change` does, and no operation. Answers what it answered. */
  async write<T>(change: (step: EntityStep) => T | Promise<T>): Promise<T> {
    const answer = await change(this.step);
    await this.submit();
    return answer;
  }

  /** Takes the next message that may be taken up now. */
  private next(): WaitingMessage | undefined {
    const { slot, step, port } = this;
    const now = port.now();
    const entry = slot.line.next(step.lock, now);
    // What stands behind an operation that was interrupted waits for it [N4].
    if (!entry || slot.dropped || slot.isInterrupted) return undefined;
    if (operationOf(entry)) {
      const isFull = step.operations >= port.maxBatchSize || step.weight >= MAX_BATCH_WEIGHT || port.clock.monotonic() >= this.endsAt;
      if (isFull || !port.mayGoOn(slot) || !port.admission.mayRun(slot, entry, step.operations === 0)) return undefined;
    }
    return slot.line.take(step.lock, now);
  }

  private async operate(definition: EntityDefinition, entry: WaitingMessage, timeUp: Promise<void>): Promise<void> {
    const { slot, port } = this;
    this.step.begin(entry);
    const { state } = this.step;
    const running = this.outcome(definition, entry);
    let isDone = false;
    void running.then(() => (isDone = true));
    await Promise.race([running, timeUp]);
    let cancelHeldUp: Cancel | undefined;
    if (!isDone) {
      cancelHeldUp = port.clock.after(HELD_UP_AFTER, () => {
        slot.isHeldUp = true;
        port.heldUp(slot);
        cancelHeldUp = port.clock.after(OUTLASTS_AFTER, () => port.outlasts(slot));
      });
      await this.writeWithout(entry);
    }
    const outcome = await running;
    cancelHeldUp?.();
    slot.isHeldUp = false;
    if (slot.isInterrupted || slot.dropped) return;
    this.step.carriedOut(entry, outcome, outcome.kind === 'failed' ? state : slot.execution?.state);
  }

  private async outcome(definition: EntityDefinition, entry: WaitingMessage): Promise<OperationOutcome> {
    const { slot, port } = this;
    if (typeof slot.admission === 'object') return { kind: 'failed', failureDetails: slot.admission };
    return await port.operations.run(slot, definition, operationOf(entry)!, this.step.state);
  }

  /** Those that called before do not wait for an operation that takes long. */
  private async writeWithout(entry: WaitingMessage): Promise<void> {
    const { step } = this;
    step.suspend();
    if (step.isEmpty) return step.begin(entry);
    await this.submit();
    if (this.slot.dropped) {
      this.slot.abort?.abort(new Error('What it was based on could not be written.'));
      return;
    }
    this.step = this.newStep();
    this.step.begin(entry);
  }

  private newStep(): EntityStep {
    const { slot, port } = this;
    slot.step = new EntityStep(slot, slot.row ?? null, port.context);
    return slot.step;
  }

  private async submit(): Promise<void> {
    const { slot, step } = this;
    if (!step.isEmpty || (slot.isMarked && slot.line.isDrained)) await this.port.writer.write(slot, step);
  }
}
