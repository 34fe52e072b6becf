/** A process with the application that is measured; its parent tells it what to do. */
import { startApplication } from '../application/application.js';
import { workerCalls } from './worker-calls.js';
import type { WorkerConfig, WorkerMessage, WorkerRequest } from './worker-messages.js';

const { storage, settings } = JSON.parse(process.argv[2]!) as WorkerConfig;
const tell = (message: WorkerMessage): boolean => process.send!(message);

/** Its parent has closed it, or has died. */
process.once('disconnect', () => process.exit());
const app = await startApplication(storage, settings);
const calls = workerCalls(app);

process.on('message', (request: WorkerRequest) => {
  carryOut(request).then(
    (value) => tell({ type: 'answer', value }),
    (error: unknown) => tell({ type: 'failed', text: String(error) }),
  );
});

async function carryOut({ call, argument }: WorkerRequest): Promise<unknown> {
  const carried = calls[call] as (argument: unknown) => unknown;
  return carried(argument);
}

tell({ type: 'ready' });
