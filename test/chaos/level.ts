/** How much of the cross is run: `brief` in CI, `usual` by `npm run chaos`, `long` all of it. */
export type Level = 'brief' | 'usual' | 'long';

const order: readonly Level[] = ['brief', 'usual', 'long'];
const chosen = process.env['LONGHAUL_CHAOS_LEVEL'] ?? 'usual';

/** What `npm run chaos` was asked for. */
export const level: Level = order.find((one) => one === chosen) ?? 'usual';
/** What random faults are drawn with: the same seed gives the same ones. */
export const seed = Number(process.env['LONGHAUL_CHAOS_SEED'] ?? 1);

/** Whether what is run from a level on is run at this one. */
export const reaches = (from: Level): boolean => order.indexOf(from) <= order.indexOf(level);

/** The cells of this level; each says from which level on it is run. */
export function atThisLevel<T extends { readonly from: Level }>(cells: readonly T[]): readonly T[] {
  return cells.filter((cell) => reaches(cell.from));
}
