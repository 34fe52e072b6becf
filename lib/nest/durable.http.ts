import { ServiceUnavailableException, type CanActivate, type OnModuleInit } from '@nestjs/common';
import type { HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import type { DurableClient } from '../client/index.js';
import { ManagementApi } from '../http/index.js';
import { getDurableRuntimeToken } from './durable.constants.js';
import type { DurableRuntime } from './durable.runtime.js';
import type { HttpAddress } from './http-address.js';
import { resolveGuards } from './http-guards.js';
import type { HttpSetting } from './http-setting.js';

/** The management API of one registration within the application: it has the application's guards, and the clients of all registrations. */
export class DurableHttp implements OnModuleInit {
  readonly api: ManagementApi;
  /** Absent until modules have initialised. */
  private guards: readonly CanActivate[] | undefined;

  constructor(
    private readonly runtime: DurableRuntime,
    address: HttpAddress,
    private readonly setting: HttpSetting,
    private readonly modules: ModulesContainer,
    adapterHost: HttpAdapterHost,
  ) {
    this.api = new ManagementApi({
      address,
      keys: setting.keys,
      guards: () => this.resolvedGuards(),
      clientOf: (taskHub) => this.clientOf(taskHub),
      maxBodyBytes: () => Math.max(...runtime.registrations.map(({ options }) => options.settings.maxPayloadBytes)),
    }, adapterHost);
  }

  async onModuleInit(): Promise<void> {
    this.guards = await resolveGuards(this.setting.guards, this.modules, getDurableRuntimeToken(this.runtime.name));
  }

  /** A server may listen before its application has initialised: nobody is let in by guards that are not there yet. */
  private resolvedGuards(): readonly CanActivate[] {
    if (this.guards) return this.guards;
    throw new ServiceUnavailableException('The application is about to start.');
  }

  /** Hubs of one name, in different databases: this registration's comes first. Azure's task hubs ignore case. */
  private clientOf(taskHub = this.runtime.options.taskHub): DurableClient | undefined {
    const all = [this.runtime, ...this.runtime.registrations];
    const found = all.find(({ options }) => options.taskHub === taskHub)
      ?? all.find(({ options }) => options.taskHub.toLowerCase() === taskHub.toLowerCase());
    return found?.client;
  }
}
