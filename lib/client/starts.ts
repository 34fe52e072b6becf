import { InstanceAlreadyExistsError, UnknownHandlerError } from '../core/index.js';
import type { ClientHost } from './host.js';
import { toNewInstance, type StartNewOptions } from './start-options.js';

/**
 * Starts an instance; answers its id.
 * @throws {UnknownHandlerError} {InstanceAlreadyExistsError} and for bad arguments as {@link toNewInstance}
 */
export async function startInstance(host: ClientHost, name: string, options: StartNewOptions): Promise<string> {
  const instance = toNewInstance(name, options, host.maxPayloadBytes);
  const version = await chooseVersion(host, name, instance.version);
  const { onConflict = 'replaceFinished', entityManager } = options;
  if (entityManager !== undefined) return host.startJoined({ ...instance, version }, onConflict, entityManager);
  const { instanceId, result } = await host.start({ ...instance, version }, onConflict);
  if (result.kind === 'exists' && onConflict !== 'useExisting') {
    throw new InstanceAlreadyExistsError(instanceId, result.status);
  }
  return instanceId;
}

/** The version asked for, else the default one, else none, whichever a live worker has [Y5]. */
async function chooseVersion(host: ClientHost, name: string, asked: string | undefined): Promise<string | undefined> {
  const candidates = asked === undefined && host.defaultVersion !== undefined ? [host.defaultVersion, undefined] : [asked];
  let known: readonly string[] = [];
  for (const version of candidates) {
    const answer = await host.findOrchestrator(name, version);
    if (answer.found) return version;
    known = answer.known;
  }
  throw new UnknownHandlerError('orchestrator', name, known, asked);
}
