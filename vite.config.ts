import { defineConfig } from 'vite';

/** The viewer page. Addresses are relative, so that it also works behind a forwarded port or below a path. */
export default defineConfig({
  root: 'viewer',
  base: './',
  build: {
    outDir: '../dist/viewer',
    emptyOutDir: true,
    target: 'es2022',
    sourcemap: false,
    // three.js alone is greater than the default of this warning
    chunkSizeWarningLimit: 1200,
  },
});
