import { type Json, joinPath, listAt, type Manifests, objectAt, stringAt } from './manifests.ts';
import type { Tool } from './tool.ts';

const notableCrates = new Set([
  ...[
    'tokio',
    'serde',
    'axum',
    'actix-web',
    'rocket',
    'warp',
    'hyper',
    'reqwest',
    'clap',
    'tonic',
    'diesel',
    'sqlx',
  ],
  ...['bevy', 'tauri', 'wasm-bindgen', 'pyo3', 'rayon', 'anyhow', 'thiserror', 'criterion', 'proptest'],
]);

/** What Cargo.toml, Cargo.lock and the toolchain files say: https://doc.rust-lang.org/cargo/reference/manifest.html */
export function rustTools(manifests: Manifests, directory: string): readonly Tool[] {
  const from = joinPath(directory, 'Cargo.toml');
  const manifest = manifests.toml(from);
  const edition = ofPackage(manifest, 'edition');
  return [
    ...toolchain(manifests, directory, manifest),
    ...(edition === undefined ? [] : [{ name: 'rust edition', version: edition, from }]),
    ...crates(manifests, directory, manifest),
  ];
}

/** A package may leave it to its workspace. */
function ofPackage(manifest: Json | undefined, key: string): string | undefined {
  return stringAt(manifest, 'package', key) ?? stringAt(manifest, 'workspace', 'package', key);
}

function toolchain(manifests: Manifests, directory: string, manifest: Json | undefined): readonly Tool[] {
  const file = joinPath(directory, 'rust-toolchain.toml');
  const channel = stringAt(manifests.toml(file), 'toolchain', 'channel');
  if (channel !== undefined) {
    return [{ name: 'rust', version: channel, from: file }];
  }
  const old = joinPath(directory, 'rust-toolchain');
  const plain = manifests.text(old)?.trim().split('\n')[0];
  if (plain) {
    return [{ name: 'rust', version: plain, from: old }];
  }
  const version = ofPackage(manifest, 'rust-version') ?? null;
  return manifest === undefined ? [] : [{ name: 'rust', version, from: joinPath(directory, 'Cargo.toml') }];
}

function crates(manifests: Manifests, directory: string, manifest: Json | undefined): readonly Tool[] {
  const from = joinPath(directory, 'Cargo.toml');
  const wanted = {
    ...objectAt(manifest, 'dev-dependencies'),
    ...objectAt(manifest, 'workspace', 'dependencies'),
    ...objectAt(manifest, 'dependencies'),
  };
  const lock = [joinPath(directory, 'Cargo.lock'), 'Cargo.lock'].find(manifests.has) ?? '';
  const packages = listAt(manifests.toml(lock), 'package');
  const names = Object.keys(wanted).filter((crate) => notableCrates.has(crate));
  return names.sort().map((name) => {
    const locked = stringAt(
      packages.find((entry) => stringAt(entry, 'name') === name),
      'version',
    );
    const asked = wanted[name];
    const range = typeof asked === 'string' ? asked : (stringAt(asked, 'version') ?? null);
    return { name, version: locked ?? range, from: locked === undefined ? from : lock };
  });
}
