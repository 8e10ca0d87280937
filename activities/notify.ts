import type { LocalActivities } from '../contracts/activities.ts';
import type { Ports } from './ports.ts';

/** Tells whoever listens outside. At least once, with the same id each time. */
export function createNotify({ notifier }: Pick<Ports, 'notifier'>): LocalActivities['notify'] {
  return ({ notification }) => notifier.notify(notification);
}
