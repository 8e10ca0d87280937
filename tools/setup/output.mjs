// Part of set-up: node: imports only, and nothing newer than Node 18 knows.

const since = Date.now();

/** @param {string} line */
export function say(line) {
  process.stderr.write(`set-up: ${line}\n`);
}

/**
 * @param {string} line what failed, on what, what was found, what to do
 * @returns {never}
 */
export function fail(line) {
  say(line);
  process.exit(4);
}

/** @param {number} [fromMs] */
export function seconds(fromMs = since) {
  return `${Math.round((Date.now() - fromMs) / 1000)} s`;
}

/**
 * Says every two seconds what goes on, until the returned function is called.
 * @param {() => string} describe
 * @returns {() => void}
 */
export function showProgress(describe) {
  const from = Date.now();
  const timer = setInterval(() => say(`${describe()} (${seconds(from)})`), 2_000);
  return () => clearInterval(timer);
}
