import { forgeFetches } from './forge-fetch.ts';
import { forgeWarns } from './forge-notes.ts';
import { forgePublishes } from './forge-publish.ts';
import { forgeRefuses } from './forge-refusals.ts';
import type { MakeForge } from './forge-support.ts';

/** What every forge must do with the repositories that people have. */
export function forgeConformance(name: string, makeForge: MakeForge): void {
  forgeFetches(name, makeForge);
  forgeWarns(name, makeForge);
  forgeRefuses(name, makeForge);
  forgePublishes(name, makeForge);
}
