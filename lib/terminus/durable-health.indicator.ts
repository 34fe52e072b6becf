import { Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import type { DurableClient } from '../client/durable-client.js';
import type { DurableHealth } from '../client/health.js';
import { DEFAULT_HUB, getDurableClientToken } from '../nest/durable.constants.js';

export interface DurableHealthIndicatorOptions {
  /** The registration of DurableModule, by its `name`. Default: the one without a name. */
  readonly hub?: string;
}

/** What stands beside the status in Terminus's answer. */
export type DurableHealthDetails = Pick<DurableHealth, 'problems' | 'ownedPartitions' | 'partitionCount'>;

/**
 * The health of a registration of DurableModule, for Terminus: `health.check([() => durable.isHealthy('durable')])`. Provide it in a
 * module that imports TerminusModule.
 */
@Injectable()
export class DurableHealthIndicator {
  constructor(
    private readonly modules: ModuleRef,
    private readonly indicators: HealthIndicatorService,
  ) {}

  /**
   * `down` when the process can do nothing for its task hub (see `DurableHealth.status`). Where it works and something is wrong the check
   * does not fail: it is `degraded`, on Terminus 11, which does not know that, `up`. The problems stand beside it either way. From
   * memory: it asks no database.
   * @throws {Error} when there is no such registration
   */
  isHealthy<const Key extends string>(key: Key, { hub = DEFAULT_HUB }: DurableHealthIndicatorOptions = {}): HealthIndicatorResult<Key> {
    const { status, problems, ownedPartitions, partitionCount } = this.clientOf(hub).getHealth();
    const details: DurableHealthDetails = { problems, ownedPartitions, partitionCount };
    const session = this.indicators.check(key);
    if (status === 'down') return session.down({ ...details });
    return status === 'degraded' && 'degraded' in session ? session.degraded({ ...details }) : session.up({ ...details });
  }

  private clientOf(hub: string): DurableClient {
    try {
      return this.modules.get(getDurableClientToken(hub), { strict: false });
    } catch (cause) {
      throw new Error(`DurableHealthIndicator: there is no registration of DurableModule with the name '${hub}'; give 'hub' the name that forRoot was given.`, { cause });
    }
  }
}
