/** Code that never ends, whatever its signal says. */
import { Injectable } from '@nestjs/common';
import { Activity, Entity, Orchestrator, TaskEntity, type Orchestration, type OrchestrationContext } from '../../lib/index.js';
import type { CrowdMessage } from './crowd-messages.js';

function hang(what: 'activity' | 'operation'): Promise<never> {
  process.send!({ type: 'hangs', what } satisfies CrowdMessage);
  return new Promise(() => undefined);
}

@Injectable()
export class Endless {
  @Activity()
  hang(): Promise<never> {
    return hang('activity');
  }

  @Orchestrator()
  *hangs(ctx: OrchestrationContext): Orchestration<void> {
    yield* ctx.activities(Endless).hang();
  }
}

@Entity()
@Injectable()
export class Stubborn extends TaskEntity<null> {
  override initializeState(): null {
    return null;
  }

  write(): Promise<never> {
    return hang('operation');
  }
}
