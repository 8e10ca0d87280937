const numbers = /[0-9]+(?:\.[0-9]+)?/g;
const failing =
  /\b(?:not ok|fail(?:s|ed|ing|ure)?|errors?|expected|actual|assert\w*|panic|exception)\b|[✗✖×✘]/i;
/** Frames of a stack and times differ from run to run. */
const noise = /^\s*at |\bduration|\bfinished in\b|\btook\b/i;

/** The lines of a check's output that say what failed, without numbers, each once, in order; all lines when none looks like a failure. */
export function failureLines(output: Uint8Array): readonly string[] {
  const lines = new TextDecoder()
    .decode(output)
    .split('\n')
    .map((line) => line.trim().replaceAll(numbers, '0'));
  const telling = lines.filter((line) => failing.test(line) && !noise.test(line));
  return [...new Set(telling.length > 0 ? telling : lines)].toSorted();
}
