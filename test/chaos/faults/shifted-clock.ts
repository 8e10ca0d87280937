// Loaded before a worker's own code: while the file that LONGHAUL_CHAOS_CLOCK names is there, its clock is as many milliseconds ahead as it says.
import { existsSync, readFileSync } from 'node:fs';

const file = process.env['LONGHAUL_CHAOS_CLOCK'];

if (file !== undefined) {
  const RealDate = Date;
  const now = () => RealDate.now() + (existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0);
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as object,
    apply: () => new RealDate(now()).toString(),
    get: (target, key, receiver) => (key === 'now' ? now : Reflect.get(target, key, receiver)),
  });
}
