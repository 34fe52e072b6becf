import { RequestMethod } from '@nestjs/common';
import type { ApplicationConfig } from '@nestjs/core';
import type { ManagementApiAddress } from '../client/index.js';
import type { HttpSetting } from './http-setting.js';

/** Where a registration's API is. The application says its global prefix after the module was made, so it is looked up when it is needed. */
export class HttpAddress implements ManagementApiAddress {
  readonly useForwardedHost: boolean;
  /** Without the prefix. */
  readonly ownPath: string;

  constructor(
    { path, useForwardedHost }: HttpSetting,
    private readonly config: ApplicationConfig,
  ) {
    this.ownPath = path;
    this.useForwardedHost = useForwardedHost;
  }

  get path(): string {
    const prefix = this.config.getGlobalPrefix().replace(/^\/+|\/+$/g, '');
    return prefix === '' || this.isExcluded() ? this.ownPath : `/${prefix}${this.ownPath}`;
  }

  /** Whether the prefix leaves out the API, told by one of its routes. */
  private isExcluded(): boolean {
    const { exclude = [] } = this.config.getGlobalPrefixOptions();
    return exclude.some(({ pathRegex, requestMethod }) =>
      (requestMethod === RequestMethod.ALL || requestMethod === RequestMethod.GET) && pathRegex.test(`${this.ownPath}/instances/:id`));
  }
}
