/**
 * Builds everything that is generated: the SIMD kernels (AssemblyScript), the viewer page, by itself and with
 * environments and policies inside (Vite), and `dist/` (tsc). A part whose inputs have not changed since its last build is left alone, so a repeated build costs
 * about a second.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const bin = (name: string) => join(root, 'node_modules', '.bin', name);

function filesUnder(path: string): string[] {
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesUnder(join(path, name)));
}

function hashOf(inputs: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of inputs.flatMap((input) => filesUnder(join(root, input)))) {
    hash.update(file).update(readFileSync(file));
  }
  return hash.digest('hex');
}

/** Runs `build` unless `output` exists and was built from the same inputs. */
function buildPart(
  name: string,
  part: { readonly inputs: readonly string[]; readonly output: string; build(): void },
): void {
  const stamps = join(root, 'dist', '.stamps');
  mkdirSync(stamps, { recursive: true });
  const stamp = join(stamps, name);
  const hash = hashOf([...part.inputs, 'package-lock.json']);
  if (existsSync(join(root, part.output)) && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash)
    return;
  console.error(`building ${name}`);
  part.build();
  writeFileSync(stamp, hash);
}

const run = (command: string, ...args: string[]) =>
  execFileSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });

buildPart('kernels', {
  inputs: ['src/tensor/simd/assembly', 'scripts/build-kernels.ts'],
  output: 'src/tensor/simd/generated',
  build: () => run(bin('tsx'), 'scripts/build-kernels.ts'),
});
buildPart('viewer', {
  inputs: ['viewer', 'src/stream', 'vite.config.ts'],
  output: 'dist/viewer/index.html',
  build: () => run(bin('vite'), 'build', '--logLevel', 'warn'),
});
buildPart('static', {
  inputs: ['viewer', 'src', 'envs', 'vite.static.config.ts'],
  output: 'dist/static/index.html',
  build: () => run(bin('vite'), 'build', '--config', 'vite.static.config.ts', '--logLevel', 'warn'),
});
buildPart('dist', {
  inputs: ['src', 'envs', 'demos', 'tsconfig.json', 'tsconfig.build.json'],
  output: 'dist/src/cli/main.js',
  build: () => {
    run(bin('tsc'), '-p', 'tsconfig.build.json');
    chmodSync(join(root, 'dist/src/cli/main.js'), 0o755);
  },
});
