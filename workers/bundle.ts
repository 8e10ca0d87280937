import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDirectory, diskError, ensurePrivateDirectory } from './state-dir.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
// Built packages hold JavaScript and a bundle made with it.
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const prebuilt = join(root, 'workflow-bundle.js');
/** Everything that can be in the bundle of our own; `contracts` as a whole because types erase to nothing. */
const sources = ['workflows', 'contracts'];
const maxAgeMs = 30 * 24 * 60 * 60 * 1000;

/** Bundles the workflows from source; takes about two seconds. */
export async function buildWorkflowBundle(): Promise<string> {
  const workflowsPath = join(root, 'workflows', `index.${extension}`);
  const interceptors = join(root, 'workflows', `interceptors.${extension}`);
  // Loaded only here: the command line asks for the bundle's name, and the SDK takes a third of a second.
  const { bundleWorkflowCode, DefaultLogger } = await import('@temporalio/worker');
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    workflowInterceptorModules: existsSync(interceptors) ? [interceptors] : [],
    payloadConverterPath: join(root, 'workflows', `payload-converter.${extension}`),
    logger: new DefaultLogger('WARN'),
  });
  return code;
}

async function sourceFiles(folder: string): Promise<string[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && /\.[jt]s$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** A digest of all that the bundle is made of: the sources, the SDK, the bundler's options in this file. */
async function sourceDigest(): Promise<string> {
  const hash = createHash('sha256');
  const sdk = createRequire(import.meta.url).resolve('@temporalio/workflow/package.json');
  const files = (await Promise.all(sources.map(sourceFiles))).flat();
  for (const file of [fileURLToPath(import.meta.url), sdk, ...files]) {
    hash
      .update(`${file.slice(root.length)}\0`)
      .update(await readFile(file))
      .update('\0');
  }
  return hash.digest('hex').slice(0, 32);
}

/**
 * The file of the workflow bundle: the one that a package ships, else one from the cache, made when the sources have changed.
 * Two processes that make it at once make the same.
 */
export async function workflowBundle(
  options: { readonly cacheDir?: string } = {},
): Promise<{ readonly codePath: string }> {
  if (extension === 'js' && existsSync(prebuilt)) return { codePath: prebuilt };
  const directory = join(options.cacheDir ?? cacheDirectory(), 'bundles');
  const codePath = join(directory, `workflows-${await sourceDigest()}.js`);
  if (existsSync(codePath)) return { codePath };
  const code = await buildWorkflowBundle();
  try {
    ensurePrivateDirectory(directory);
    // Flushed before it gets its name: a power cut must not leave the name without the content.
    await writeFile(`${codePath}.${process.pid}`, code, { flush: true });
    await rename(`${codePath}.${process.pid}`, codePath);
  } catch (error) {
    throw diskError(error, `write ${codePath}`);
  }
  await removeOld(directory);
  return { codePath };
}

async function removeOld(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const file = join(directory, name);
    const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > maxAgeMs) await rm(file, { force: true });
  }
}
