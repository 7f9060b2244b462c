/** A worker that travels inside the page, as the bundler makes it. */
declare module '*?worker&inline' {
  const InlineWorker: new () => Worker;
  // biome-ignore lint/style/noDefaultExport: the bundler's form
  export default InlineWorker;
}

declare module '*.css';
