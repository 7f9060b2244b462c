import { readFileSync } from 'node:fs';
import { defineConfig, type Plugin } from 'vite';

/** In the place of what only trains or draws pictures: a page acts, and is not to carry TensorFlow.js along. */
const NOT_IN_A_PAGE = '\0not-in-a-page';

/** What the page may not do, in the browser's words. */
const POLICY = "connect-src 'none'; form-action 'none'; base-uri 'none'";

/** Leaves out all that modules load when they need it, but for the environments. */
function actOnly(): Plugin {
  return {
    name: 'act-only',
    enforce: 'pre',
    resolveDynamicImport(_, importer) {
      return importer?.endsWith('/envs/index.ts') ? null : NOT_IN_A_PAGE;
    },
    load: (id) =>
      id === NOT_IN_A_PAGE
        ? "throw new Error('a page acts: it neither trains nor renders'); export {};"
        : null,
  };
}

/** Writes `index.html` for scripts that are no modules: a page opened as a file may load no others. */
function classicPage(): Plugin {
  return {
    name: 'classic-page',
    generateBundle() {
      const source = readFileSync(new URL('viewer/index.html', import.meta.url), 'utf8')
        .replace('./src/styles.css', './page.css')
        // whatever it does, it fetches nothing and talks to nobody
        .replace('<title>', `<meta http-equiv="Content-Security-Policy" content="${POLICY}" />\n    <title>`)
        .replace(
          '<script type="module" src="./src/main.ts"></script>',
          '<script src="./policy.js"></script>\n    <script src="./page.js"></script>',
        );
      this.emitFile({ type: 'asset', fileName: 'index.html', source });
    },
  };
}

/** The viewer page with environments and policies inside: what `modewise watch --static` copies. */
export default defineConfig({
  root: 'viewer',
  base: './',
  plugins: [classicPage()],
  worker: { format: 'iife', plugins: () => [actOnly()] },
  build: {
    outDir: '../dist/static',
    emptyOutDir: true,
    target: 'es2022',
    sourcemap: false,
    chunkSizeWarningLimit: 5000,
    // the worker is a build within the build, and takes most of the time
    rolldownOptions: { checks: { pluginTimings: false } },
    lib: {
      entry: 'src/static/main.ts',
      formats: ['iife'],
      name: 'modewise',
      fileName: () => 'page.js',
      cssFileName: 'page',
    },
  },
});
