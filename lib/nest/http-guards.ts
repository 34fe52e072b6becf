import type { CanActivate, Type } from '@nestjs/common';
import { ModuleRef, type ModulesContainer } from '@nestjs/core';
import type { Module } from '@nestjs/core/injector/module.js';
import { InvalidSettingError } from '../engine/settings-validation.js';
import type { HttpSetting } from './http-setting.js';

/**
 * The guards of the setting `http` as objects.
 * @param provided a provider of the registration's module, by which that is found
 * @throws {InvalidSettingError} for a class that has another object for each request
 */
export async function resolveGuards(guards: HttpSetting['guards'], modules: ModulesContainer, provided: string): Promise<CanActivate[]> {
  const all = [...modules.values()];
  const own = all.find((module) => module.providers.has(provided))!;
  const importing = all.find((module) => module.imports.has(own)) ?? own;
  return await Promise.all(guards.map(async (guard) => (typeof guard === 'function' ? await instanceOf(guard, all, importing) : guard)));
}

async function instanceOf(type: Type<CanActivate>, all: readonly Module[], importing: Module): Promise<CanActivate> {
  const wrapper = all.map((module) => module.providers.get(type)).find((found) => found !== undefined);
  if (wrapper === undefined) return await (importing.providers.get(ModuleRef)!.instance as ModuleRef).create(type);
  if (wrapper.isDependencyTreeStatic() && !wrapper.isTransient) return wrapper.instance as CanActivate;
  const problem = 'which is request-scoped or transient, or depends on what is: a guard of the API must be a singleton';
  throw new InvalidSettingError('http.guards', `holds ${type.name}, ${problem}`);
}
