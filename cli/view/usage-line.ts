import { type Span, tone } from '../terminal/line.ts';
import { formatCount, formatShare, formatUsd } from './format.ts';

interface Spent {
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
  readonly costUsd: number | null;
}

/** `48.2k tokens in (91 % cached), 1.2k out, $0.42`. */
export function usageSpan(spent: Spent): Span {
  const cached = formatShare(spent.cachedTokens, spent.inputTokens);
  const cost = spent.costUsd === null ? 'price unknown' : formatUsd(spent.costUsd);
  return tone(
    'dim',
    `${formatCount(spent.inputTokens)} tokens in (${cached} cached), ${formatCount(spent.outputTokens)} out, ${cost}`,
  );
}
