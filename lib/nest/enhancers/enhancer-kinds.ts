/** Where Nest keeps each kind of enhancer: the decorators' metadata, and the application's global ones. */
import {
  EXCEPTION_FILTERS_METADATA, GUARDS_METADATA, INTERCEPTORS_METADATA, PIPES_METADATA,
} from '@nestjs/common/constants.js';
import type { ApplicationConfig } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import type { EnhancerKind } from '../interfaces/enhancer-options.js';

interface Places {
  readonly metadataKey: string;
  /** Instances: `APP_INTERCEPTOR` and its like, `app.useGlobalInterceptors()`. */
  readonly globals: (config: ApplicationConfig) => readonly unknown[];
  /** Those of `APP_INTERCEPTOR` and its like that are request-scoped or transient. */
  readonly scopedGlobals: (config: ApplicationConfig) => readonly InstanceWrapper[];
}

export const ENHANCER_PLACES: Readonly<Record<EnhancerKind, Places>> = {
  interceptors: {
    metadataKey: INTERCEPTORS_METADATA,
    globals: (config) => config.getGlobalInterceptors(),
    scopedGlobals: (config) => config.getGlobalRequestInterceptors(),
  },
  pipes: {
    metadataKey: PIPES_METADATA,
    globals: (config) => config.getGlobalPipes(),
    scopedGlobals: (config) => config.getGlobalRequestPipes(),
  },
  filters: {
    metadataKey: EXCEPTION_FILTERS_METADATA,
    globals: (config) => config.getGlobalFilters(),
    scopedGlobals: (config) => config.getGlobalRequestFilters(),
  },
  guards: {
    metadataKey: GUARDS_METADATA,
    globals: (config) => config.getGlobalGuards(),
    scopedGlobals: (config) => config.getGlobalRequestGuards(),
  },
};
