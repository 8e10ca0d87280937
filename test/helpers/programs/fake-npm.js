// Stands in for npm: writes down how it was called, waits for the end of its stdin as a prompt would, and installs nothing much.
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';

appendFileSync('npm-calls', `${process.argv.slice(2).join(' ')}\n`);
readFileSync(0);
if (process.env['FAKE_NPM'] === 'fails') {
  process.stderr.write('ECONNREFUSED planted\n');
  process.exit(1);
}
mkdirSync('node_modules', { recursive: true });
