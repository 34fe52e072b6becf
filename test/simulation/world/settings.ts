import { DEFAULT_SETTINGS, type EngineSettings } from '../../../lib/engine/settings.js';
import type { Random } from '../../chaos/random.js';

/** Settings of all processes of a run. Small limits, so that each is reached. */
export function randomSettings(random: Random): EngineSettings {
  return {
    ...DEFAULT_SETTINGS,
    partitionCount: random.between(1, 8),
    maxConcurrentActivityFunctions: random.pick([1, 2, 5, 100]),
    maxConcurrentEntityFunctions: random.pick([1, 3, 100]),
    maxEntityOperationBatchSize: random.pick([1, 2, 5, 500]),
    maxConcurrentOrchestratorFunctions: random.pick([1, 3, 1_000]),
    extendedSessionsEnabled: random.chance(0.8),
    maxCachedInstances: random.pick([0, 1, 2, 10_000]),
    maxPollingInterval: random.pick([1_000, 2_000, 5_000]),
    leaseDuration: random.pick([3_000, 6_000, 15_000]),
    shutdownTimeout: random.pick([0, 1_000, 10_000]),
    // More than a run has crashes: what is poison is not simulated.
    maxDispatchCount: random.pick([60, 1_000]),
  };
}
