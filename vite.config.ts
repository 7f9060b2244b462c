import { gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

/** Most that the page may weigh before its first picture, bytes of gzip: scripts and styles, without what is loaded later. */
const MOST_BYTES = 1_500_000;

/** Fails the build when the page has become too heavy for a slow line. */
function weighPage(): Plugin {
  return {
    name: 'weigh-page',
    generateBundle(_, bundle) {
      const counted = new Set<string>();
      const count = (name: string): number => {
        const file = bundle[name];
        if (file === undefined || counted.has(name)) return 0;
        counted.add(name);
        if (file.type === 'asset') return gzipSync(file.source).byteLength;
        const imported = file.imports.reduce((sum, other) => sum + count(other), 0);
        return imported + gzipSync(file.code).byteLength;
      };
      const first = Object.values(bundle).filter(
        (file) => (file.type === 'chunk' && file.isEntry) || file.fileName.endsWith('.css'),
      );
      const bytes = first.reduce((sum, { fileName }) => sum + count(fileName), 0);
      if (bytes > MOST_BYTES)
        this.error(`the page weighs ${bytes} bytes of gzip; at most ${MOST_BYTES} are allowed`);
    },
  };
}

/** The viewer page. Addresses are relative, so that it also works behind a forwarded port or below a path. */
export default defineConfig({
  root: 'viewer',
  base: './',
  plugins: [weighPage()],
  build: {
    outDir: '../dist/viewer',
    emptyOutDir: true,
    target: 'es2022',
    sourcemap: false,
    // three.js alone is greater than the default of this warning
    chunkSizeWarningLimit: 1200,
  },
});
